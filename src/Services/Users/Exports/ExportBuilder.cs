using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.Storage;
using PhotoPlatform.Users.Background;
using PhotoPlatform.Users.Data;

namespace PhotoPlatform.Users.Exports;

/// <summary>
/// Builds archives, one at a time, outside any transaction. A builder holds an export by a lease, which it renews; when it dies another takes the export up,
/// and when it only slept it finds its lease gone, and what it wrote is thrown away. Everything is copied through one small buffer.
/// </summary>
internal sealed class ExportBuilder(UsersDb db, Outbox<UsersDb> outbox, IBlobStore blobs, TimeProvider time, ILogger<ExportBuilder> logger) : IBackgroundJob
{
    private const int MaxAttempts = 5;
    private const int BufferBytes = 80 * 1024;
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan RenewAfter = TimeSpan.FromSeconds(20);
    private DateTimeOffset _renewed;

    public static TimeSpan Pause => TimeSpan.FromSeconds(5);

    public async Task<bool> RunNextAsync(CancellationToken cancellationToken)
    {
        _renewed = time.GetUtcNow();
        var lease = Guid.NewGuid();
        var claimed = await db.Exports.FromSql($"""
            UPDATE exports SET lease_id = {lease}, lease_until = {_renewed + Lease}, attempts = attempts + 1
            WHERE id = (SELECT id FROM exports WHERE state = 'Pending' AND media_manifest IS NOT NULL AND notifier_manifest IS NOT NULL AND lease_until <= {_renewed}
                ORDER BY lease_until LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING *
            """).AsNoTracking().ToListAsync(cancellationToken);
        if (claimed is not [var export])
            return false;
        if (export.Attempts > MaxAttempts)
        {
            await GiveUpAsync(export, cancellationToken);
            return true;
        }
        try
        {
            await BuildAsync(export, cancellationToken);
        }
        catch (LeaseLostException)
        {
            logger.LogInformation("Export {ExportId} was taken up by another builder or ended", export.Id);
        }
        catch (Exception exception) when (exception is IOException or JsonException or InvalidDataException)
        {
            var next = time.GetUtcNow() + (TimeSpan.FromSeconds(10) * export.Attempts);
            await Ours(export).ExecuteUpdateAsync(set => set.SetProperty(row => row.LeaseUntil, next), cancellationToken);
            logger.LogWarning("Export {ExportId} was not built at try {Attempt} of {MaxAttempts}: {Reason}", export.Id, export.Attempts, MaxAttempts, exception.Message);
        }
        return true;
    }

    private async Task BuildAsync(Export export, CancellationToken cancellationToken)
    {
        // A name of its own for each try: a slow builder must not replace the archive of the one that took over.
        var key = $"{Export.FolderOf(export.Id)}/{export.LeaseId:N}.zip";
        await using (var writer = blobs.Create(key))
        {
            await using (var zip = await ZipArchive.CreateAsync(writer.Stream, ZipArchiveMode.Create, leaveOpen: true, Encoding.UTF8, cancellationToken))
                await FillAsync(zip, export, cancellationToken);
            await HoldAsync(export, always: true, cancellationToken);
            await writer.CommitAsync(cancellationToken);
        }
        var bytes = 0L;
        await foreach (var blob in blobs.ListAsync(Export.FolderOf(export.Id), cancellationToken))
            bytes = blob.Key == key ? blob.Bytes : bytes;

        if (!await FinishAsync(export, key, bytes, cancellationToken))
        {
            await blobs.DeleteAsync(key, cancellationToken);
            throw new LeaseLostException();
        }
        // Should this fail, they go with the archive.
        await blobs.DeleteFolderAsync($"{Export.FolderOf(export.Id)}/media", cancellationToken);
        await blobs.DeleteFolderAsync($"{Export.FolderOf(export.Id)}/notifier", cancellationToken);
        logger.LogInformation("Export {ExportId} of user {OwnerId} is ready with {Bytes} bytes", export.Id, export.UserId, bytes);
    }

    private async Task FillAsync(ZipArchive zip, Export export, CancellationToken cancellationToken)
    {
        var taken = new HashSet<string>();
        var missing = new List<string>();
        var buffer = new byte[BufferBytes];
        await new AccountDocuments(db).WriteAsync(export.UserId, path => CreateEntry(path), () => HoldAsync(export, always: false, cancellationToken), cancellationToken);
        foreach (var manifest in new[] { export.MediaManifest!, export.NotifierManifest! })
        {
            foreach (var file in await ReadManifestAsync(manifest, cancellationToken))
            {
                await using var blob = await OpenAsync(file.Key, cancellationToken);
                if (blob is null)
                {
                    missing.Add(ArchivePath.Of(file.Path, taken));
                    continue;
                }
                await using var entry = await CreateEntry(file.Path).OpenAsync(cancellationToken);
                while (await blob.ReadAsync(buffer, cancellationToken) is var read and > 0)
                {
                    await entry.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                    await HoldAsync(export, always: false, cancellationToken);
                }
            }
        }
        if (missing.Count > 0)
        {
            await using var entry = await CreateEntry("missing.txt").OpenAsync(cancellationToken);
            await using var text = new StreamWriter(entry);
            await text.WriteAsync("These files were deleted while the archive was made:\n");
            foreach (var path in missing)
                await text.WriteAsync($"{path}\n");
        }

        ZipArchiveEntry CreateEntry(string path)
        {
            var name = ArchivePath.Of(path, taken);
            // Photos are compressed already.
            var entry = zip.CreateEntry(name, Path.GetExtension(name) is ".json" or ".txt" or ".html" or ".csv" ? CompressionLevel.Optimal : CompressionLevel.NoCompression);
            entry.LastWriteTime = export.CreatedAt;
            return entry;
        }
    }

    private async Task<IReadOnlyList<ExportFile>> ReadManifestAsync(string key, CancellationToken cancellationToken)
    {
        await using var stream = await OpenAsync(key, cancellationToken) ?? throw new InvalidDataException($"The manifest '{key}' is missing.");
        var manifest = await JsonSerializer.DeserializeAsync<ExportManifest>(stream, JsonSerializerOptions.Web, cancellationToken);
        return manifest?.Files ?? throw new InvalidDataException($"The manifest '{key}' names no files.");
    }

    private async Task<Stream?> OpenAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            return await blobs.OpenReadAsync(key, 0, null, cancellationToken);
        }
        catch (ArgumentException)
        {
            // Not the key of any blob.
            return null;
        }
    }

    /// <summary>Renews the lease when it is time.</summary>
    /// <exception cref="LeaseLostException">It is another's, or the export has ended.</exception>
    private async Task HoldAsync(Export export, bool always, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (!always && now - _renewed < RenewAfter)
            return;
        if (await Ours(export).ExecuteUpdateAsync(set => set.SetProperty(row => row.LeaseUntil, now + Lease), cancellationToken) == 0)
            throw new LeaseLostException();
        _renewed = now;
    }

    /// <returns>False when the lease is lost.</returns>
    private async Task<bool> FinishAsync(Export export, string key, long bytes, CancellationToken cancellationToken)
    {
        var expiresAt = time.GetUtcNow() + ExportSweep.Kept;
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var finished = await Ours(export).ExecuteUpdateAsync(set => set
            .SetProperty(row => row.State, ExportState.Ready).SetProperty(row => row.BlobKey, key).SetProperty(row => row.Bytes, bytes)
            .SetProperty(row => row.ExpiresAt, expiresAt).SetProperty(row => row.LeaseId, (Guid?)null), cancellationToken);
        if (finished == 0)
            return false;
        var owner = await db.Users.Where(user => user.Id == export.UserId).Join(db.Logins, user => user.Id, login => login.UserId, (user, login) => new { user.DisplayName, login.Email })
            .SingleOrDefaultAsync(cancellationToken);
        if (owner is null)
            return false;
        outbox.Publish(new MailRequested(export.UserId, MailTemplates.ExportReady, owner.Email,
            new Dictionary<string, string> { ["displayName"] = owner.DisplayName, ["expiresAt"] = expiresAt.UtcDateTime.ToString("O") }));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private async Task GiveUpAsync(Export export, CancellationToken cancellationToken)
    {
        var until = time.GetUtcNow() + ExportSweep.Kept;
        await Ours(export).ExecuteUpdateAsync(set => set.SetProperty(row => row.State, ExportState.Failed).SetProperty(row => row.ExpiresAt, until), cancellationToken);
        await blobs.DeleteFolderAsync(Export.FolderOf(export.Id), cancellationToken);
        logger.LogError("Export {ExportId} of user {OwnerId} is given up after {Attempts} tries", export.Id, export.UserId, MaxAttempts);
    }

    private IQueryable<Export> Ours(Export export) => db.Exports.Where(row => row.Id == export.Id && row.LeaseId == export.LeaseId && row.State == ExportState.Pending);

    private sealed class LeaseLostException : Exception;
}

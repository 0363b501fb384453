using System.Text.Encodings.Web;
using System.Text.Json;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.Notifier.Accounts;
using PhotoPlatform.Notifier.Data;
using PhotoPlatform.Notifier.Notifications;
using PhotoPlatform.Storage;

namespace PhotoPlatform.Notifier.Exports;

/// <summary>Writes what Notifier holds of a user for their export. A second run writes the same blobs; of an account that was deleted it leaves none.</summary>
internal sealed class ExportRequestedConsumer(Account account, NotifierDb db, IBlobStore blobs, Outbox<NotifierDb> outbox) : IConsumer<ExportRequested>
{
    private const string Manifest = "manifest.json";
    private static readonly JsonSerializerOptions Readable = new(JsonSerializerOptions.Web) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public async Task Consume(ConsumeContext<ExportRequested> context)
    {
        var (export, cancellationToken) = (context.Message, context.CancellationToken);
        var folder = $"exports/{export.ExportId:D}/notifier";
        await WriteAsync(export.UserId, folder, cancellationToken);
        if (!await TellAsync(export, $"{folder}/{Manifest}", cancellationToken))
            await blobs.DeleteFolderAsync(folder, cancellationToken);
    }

    private async Task WriteAsync(Guid user, string folder, CancellationToken cancellationToken)
    {
        var notifications = await db.Notifications.AsNoTracking().Where(row => row.UserId == user).OrderByDescending(row => row.Id).Take(NotificationLog.MaxPerUser).ToListAsync(cancellationToken);
        var preferences = await db.MailPreferences.AsNoTracking().SingleOrDefaultAsync(row => row.UserId == user, cancellationToken);

        await WriteAsync("notifications.json", notifications.Select(row => new { row.Type, row.At, row.ReadAt, Data = JsonSerializer.Deserialize<JsonElement>(row.Payload) }));
        await WriteAsync("preferences.json", new { Mail = new { Followed = preferences?.Followed ?? true, PhotoProblems = preferences?.PhotoProblems ?? true } });
        await WriteAsync(Manifest, new ExportManifest(
            [new ExportFile("notifications.json", $"{folder}/notifications.json"), new ExportFile("notification-preferences.json", $"{folder}/preferences.json")]));

        async Task WriteAsync<T>(string name, T value) => await blobs.WriteAsync($"{folder}/{name}", JsonSerializer.SerializeToUtf8Bytes(value, Readable), cancellationToken);
    }

    /// <returns>False when the account was deleted, also while this was written: then nobody waits for it.</returns>
    private async Task<bool> TellAsync(ExportRequested export, string manifest, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (!await account.IsOpenAsync(export.UserId, cancellationToken))
            return false;
        outbox.Publish(new ExportPartWritten(export.ExportId, export.UserId, "notifier", manifest));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }
}

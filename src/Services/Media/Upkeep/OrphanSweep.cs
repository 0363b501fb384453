using Microsoft.EntityFrameworkCore;
using Npgsql;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Media.Processing;
using PhotoPlatform.Messaging;
using PhotoPlatform.Storage;

namespace PhotoPlatform.Media.Upkeep;

/// <summary>
/// Removes blobs that no photo has: originals whose row was never written, and renditions that a job wrote before it was killed for good. Blobs younger than
/// <c>Media:OrphanAge</c> (24 h) are left alone, for their row may be on its way. Of several processes one works, under an advisory lock of its session.
/// </summary>
internal sealed class OrphanSweep(
    IServiceScopeFactory scopes, [FromKeyedServices("media")] NpgsqlDataSource database, IBlobStore blobs, IConfiguration configuration, TimeProvider time, ILogger<OrphanSweep> logger) : BackgroundService
{
    internal static readonly TimeSpan Interval = TimeSpan.FromHours(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private const int PageSize = 500;
    private readonly TimeSpan _age = configuration.GetValue("Media:OrphanAge", TimeSpan.FromHours(24));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await using var connection = await database.OpenConnectionAsync(stoppingToken);
                await using var held = await DatabaseLock.TryTakeAsync(connection, "orphan-sweep", stoppingToken);
                if (held is not null)
                    await SweepAsync(stoppingToken);
            }
            catch (Exception exception) when (DatabaseAway.Is(exception) || exception is IOException)
            {
                logger.LogWarning("The sweep of orphaned blobs ended early and starts anew in {Interval}: {Reason}", Interval, exception.Message);
            }
        }
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        var (seen, removed) = (0L, 0L);
        var limit = time.GetUtcNow() - _age;
        foreach (var folder in (string[])[PhotoBlobs.Originals, PhotoBlobs.Renditions])
        {
            await foreach (var page in blobs.ListAsync(folder, cancellationToken).Where(blob => blob.WrittenAt < limit).Chunk(PageSize).WithCancellation(cancellationToken))
            {
                seen += page.Length;
                removed += await RemoveOrphansAsync(page, cancellationToken);
                await Task.Delay(Pause, time, cancellationToken);
            }
        }
        logger.LogInformation("Of {Seen} blobs older than {Age} {Removed} belonged to no photo and were removed", seen, _age, removed);
    }

    private async Task<int> RemoveOrphansAsync(BlobInfo[] page, CancellationToken cancellationToken)
    {
        var photos = page.Select(blob => PhotoOf(blob.Key)).OfType<Guid>().Distinct().ToArray();
        await using var scope = scopes.CreateAsyncScope();
        var known = await scope.ServiceProvider.GetRequiredService<MediaDb>().Photos.Where(photo => photos.Contains(photo.Id)).Select(photo => photo.Id).ToHashSetAsync(cancellationToken);
        var removed = 0;
        foreach (var blob in page.Where(blob => PhotoOf(blob.Key) is { } photo && !known.Contains(photo)))
        {
            await blobs.DeleteAsync(blob.Key, cancellationToken);
            removed++;
        }
        return removed;
    }

    /// <summary>The photo in the second segment of a key; null when there is none, and the blob is not ours to judge.</summary>
    private static Guid? PhotoOf(string key) => key.Split('/') is [_, var second, ..] && Guid.TryParseExact(second, "D", out var photo) ? photo : null;
}

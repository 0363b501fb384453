using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Messaging;
using PhotoPlatform.Storage;

namespace PhotoPlatform.Media.Uploads;

/// <summary>
/// At the start and every few minutes, in every replica: completes uploads that were received whole and left by a process that died, removes uploads that expired with their parts,
/// and idempotency keys that are too old.
/// </summary>
internal sealed class UploadSweep(IServiceScopeFactory scopes, IdempotencyKeys keys, IBlobStore blobs, TimeProvider time, ILogger<UploadSweep> logger) : BackgroundService
{
    private const int AtOnce = 100;
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    /// <summary>How long whoever received the last part has to complete it.</summary>
    private static readonly TimeSpan Left = TimeSpan.FromMinutes(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            await TryAsync("Uploads left behind were not completed", () => CompleteAsync(stoppingToken), stoppingToken);
            await TryAsync("Expired uploads were not removed", () => RemoveAsync(stoppingToken), stoppingToken);
            await TryAsync("Old idempotency keys were not removed", () => keys.SweepAsync(stoppingToken), stoppingToken);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task CompleteAsync(CancellationToken cancellationToken)
    {
        var (now, before) = (time.GetUtcNow(), time.GetUtcNow() - Left);
        foreach (var upload in await FindAsync(rows => rows.Where(u => u.Received == u.Length && u.CompletedAt == null && u.ReceivedAt < before && u.ExpiresAt > now).OrderBy(u => u.ReceivedAt), cancellationToken))
        {
            await TryAsync($"Upload {upload.Id} was not completed", async () =>
            {
                await using var scope = scopes.CreateAsyncScope();
                var problem = await scope.ServiceProvider.GetRequiredService<CompleteUpload>().CompleteAsync(upload, cancellationToken);
                logger.LogInformation("Completed upload {UploadId} of user {OwnerId}: {Outcome}", upload.Id, upload.OwnerId, problem?.ProblemDetails.Detail ?? "a photo");
            }, cancellationToken);
        }
    }

    private async Task RemoveAsync(CancellationToken cancellationToken)
    {
        List<Upload> expired;
        var kept = 0;
        do
        {
            var now = time.GetUtcNow();
            expired = await FindAsync(rows => rows.Where(u => u.ExpiresAt < now).OrderBy(u => u.ExpiresAt).Skip(kept), cancellationToken);
            foreach (var upload in expired)
            {
                var removed = false;
                await TryAsync($"Upload {upload.Id} was not removed", async () =>
                {
                    await using var scope = scopes.CreateAsyncScope();
                    removed = await RemoveUploads.RemoveAsync(scope.ServiceProvider.GetRequiredService<MediaDb>(), blobs, upload.Id, cancellationToken, skipLocked: true);
                }, cancellationToken);
                kept += removed ? 0 : 1;
            }
        }
        while (expired.Count == AtOnce);
    }

    private async Task<List<Upload>> FindAsync(Func<IQueryable<Upload>, IQueryable<Upload>> choose, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await choose(scope.ServiceProvider.GetRequiredService<MediaDb>().Set<Upload>().AsNoTracking()).Take(AtOnce).ToListAsync(cancellationToken);
    }

    /// <summary>When the database or the storage is away, it is tried again at the next sweep.</summary>
    private async Task TryAsync(string failure, Func<Task> work, CancellationToken cancellationToken)
    {
        try
        {
            await work();
        }
        catch (Exception exception) when ((DatabaseAway.Is(exception) || exception is IOException or UncertainCommitException) && !cancellationToken.IsCancellationRequested)
        {
            logger.LogWarning("{Failure}, and will be at the next sweep: {Reason}", failure, exception.Message);
        }
    }
}

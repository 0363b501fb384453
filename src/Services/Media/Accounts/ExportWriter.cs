using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.Messaging;
using PhotoPlatform.Storage;

namespace PhotoPlatform.Media.Accounts;

/// <summary>
/// Writes this service's part of exports, one at a time. It takes a job for two minutes and extends that with each page; no transaction or lock is held while blobs are written.
/// Whoever crashes loses the job to the next, who writes the same blobs anew. Only its taker finishes a job, so that its end is told once.
/// </summary>
internal sealed class ExportWriter(IServiceScopeFactory scopes, IBlobStore blobs, ExportSignal signal, TimeProvider time, ILogger<ExportWriter> logger) : BackgroundService
{
    internal const int PageSize = 500;
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan MaxPause = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (await TakeAsync(stoppingToken) is { } job)
                    await WorkAsync(job, stoppingToken);
                else
                    await signal.WaitAsync(PollInterval, stoppingToken);
            }
            catch (Exception exception) when (DatabaseAway.Is(exception))
            {
                logger.LogWarning("Exports wait for the database: {Reason}", exception.Message);
                await Task.Delay(PollInterval, time, stoppingToken);
            }
        }
    }

    private async Task<ExportJob?> TakeAsync(CancellationToken cancellationToken)
    {
        var (now, me) = (time.GetUtcNow(), Guid.CreateVersion7(time.GetUtcNow()));
        await using var scope = scopes.CreateAsyncScope();
        var taken = await scope.ServiceProvider.GetRequiredService<MediaDb>().Set<ExportJob>().FromSql($"""
            UPDATE export_jobs SET taken_by = {me}, free_at = {now + Lease}, attempts = attempts + 1
            WHERE export_id = (SELECT export_id FROM export_jobs WHERE free_at <= {now} ORDER BY free_at LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING *
            """).AsNoTracking().ToListAsync(cancellationToken);
        return taken.SingleOrDefault();
    }

    private async Task WorkAsync(ExportJob job, CancellationToken cancellationToken)
    {
        try
        {
            await using var part = new ExportPart(blobs, job.ExportId);
            var last = Guid.Empty;
            for (var more = true; more;)
            {
                // A scope for each page, so that no photo stays behind.
                await using var scope = scopes.CreateAsyncScope();
                var page = await scope.ServiceProvider.GetRequiredService<MediaDb>().Photos.AsNoTracking()
                    .Where(photo => photo.OwnerId == job.UserId && photo.Id > last && photo.DeletionId == null).OrderBy(photo => photo.Id).Take(PageSize).ToListAsync(cancellationToken);
                await part.AddAsync(page, cancellationToken);
                if (!await ExtendAsync(scope, job, Lease, cancellationToken))
                    break;
                (more, last) = (page.Count == PageSize, page.Count == 0 ? last : page[^1].Id);
            }
            await part.CommitAsync(cancellationToken);
        }
        catch (IOException exception)
        {
            var pause = TimeSpan.FromTicks(Math.Min(MaxPause.Ticks, TimeSpan.FromSeconds(10).Ticks * job.Attempts));
            logger.LogWarning("Export {ExportId} could not be written and is tried again in {Pause}: {Reason}", job.ExportId, pause, exception.Message);
            await using var scope = scopes.CreateAsyncScope();
            await ExtendAsync(scope, job, pause, cancellationToken);
            return;
        }
        await FinishAsync(job, cancellationToken);
    }

    /// <summary>Keeps the job for a while; false when it is not ours any more.</summary>
    private async Task<bool> ExtendAsync(AsyncServiceScope scope, ExportJob job, TimeSpan by, CancellationToken cancellationToken)
    {
        var until = time.GetUtcNow() + by;
        return await scope.ServiceProvider.GetRequiredService<MediaDb>().Set<ExportJob>().Where(j => j.ExportId == job.ExportId && j.TakenBy == job.TakenBy)
            .ExecuteUpdateAsync(j => j.SetProperty(x => x.FreeAt, until), cancellationToken) == 1;
    }

    private async Task FinishAsync(ExportJob job, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<MediaDb>();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await db.Set<ExportJob>().Where(j => j.ExportId == job.ExportId && j.TakenBy == job.TakenBy).ExecuteDeleteAsync(cancellationToken) == 1)
        {
            scope.ServiceProvider.GetRequiredService<Outbox<MediaDb>>().Publish(new ExportPartWritten(job.ExportId, job.UserId, "media", ExportPart.ManifestOf(job.ExportId)));
            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            logger.LogInformation("Export {ExportId} is written", job.ExportId);
        }
        else if (!await db.Set<ExportJob>().AnyAsync(j => j.ExportId == job.ExportId, cancellationToken) && await db.Owners.AnyAsync(o => o.UserId == job.UserId && o.ClosedAt != null, cancellationToken))
        {
            // The account was deleted meanwhile, and nobody waits for these any more.
            await blobs.DeleteFolderAsync(ExportPart.FolderOf(job.ExportId), cancellationToken);
        }
    }
}

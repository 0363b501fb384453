using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.Messaging;

namespace PhotoPlatform.Media.Accounts;

/// <summary>Removes the marks of closed accounts after an hour, when everything that was under way for them has ended, and has what slipped in purged once more.</summary>
internal sealed class ClosedAccounts(IServiceScopeFactory scopes, TimeProvider time, ILogger<ClosedAccounts> logger) : BackgroundService
{
    internal static readonly TimeSpan Kept = TimeSpan.FromHours(1);
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private const int BatchSize = 100;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                while (await RemoveAsync(stoppingToken) == BatchSize)
                {
                }
            }
            catch (Exception exception) when (DatabaseAway.Is(exception))
            {
                logger.LogWarning("Marks of closed accounts were not removed and will be in {Interval}: {Reason}", Interval, exception.Message);
            }
        }
    }

    private async Task<int> RemoveAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<MediaDb>();
        var outbox = scope.ServiceProvider.GetRequiredService<Outbox<MediaDb>>();
        var limit = time.GetUtcNow() - Kept;
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var over = await db.Owners.FromSql($"SELECT * FROM owners WHERE closed_at < {limit} ORDER BY closed_at LIMIT {BatchSize} FOR UPDATE SKIP LOCKED").ToListAsync(cancellationToken);
        db.RemoveRange(over);
        foreach (var owner in over)
            outbox.Send(PurgeOwner.Queue, new PurgeOwner(owner.UserId));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return over.Count;
    }
}

using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Notifier.Data;

namespace PhotoPlatform.Notifier.Events;

/// <summary>Events are kept for 24 hours.</summary>
internal sealed class EventRetention(IServiceScopeFactory scopes, TimeProvider time, ILogger<EventRetention> logger) : BackgroundService
{
    private static readonly TimeSpan Kept = TimeSpan.FromHours(24);
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                var limit = time.GetUtcNow() - Kept;
                var deleted = await scope.ServiceProvider.GetRequiredService<NotifierDb>().Events.Where(row => row.At < limit).ExecuteDeleteAsync(stoppingToken);
                logger.LogInformation("Removed {Count} events older than {Kept}", deleted, Kept);
            }
            catch (Exception exception) when (DatabaseAway.Is(exception))
            {
                logger.LogWarning("Old events were not removed and will be in {Interval}: {Reason}", Interval, exception.Message);
            }
        }
    }
}

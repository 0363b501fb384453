using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace PhotoPlatform.Messaging.Inbox;

/// <summary>Keeps the inbox's daily partitions ahead of the clock in a process that runs for weeks.</summary>
internal sealed class InboxPartitions(NpgsqlDataSource database, TimeProvider time, ILogger<InboxPartitions> logger) : BackgroundService
{
    // Shorter than the ladder of retries: should a day's partition be missing after all, its messages live to see it.
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await using var connection = await database.OpenConnectionAsync(stoppingToken);
                await using var held = await DatabaseLock.TakeAsync(connection, "migrate", stoppingToken);
                await MessagingSchema.PreparePartitionsAsync(connection, DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime), stoppingToken);
            }
            catch (NpgsqlException exception)
            {
                logger.LogWarning("The inbox's partitions were not prepared and will be in {Interval}: {Reason}", Interval, exception.Message);
            }
        }
    }
}

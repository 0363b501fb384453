using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using PhotoPlatform.Messaging.Broker;
using PhotoPlatform.Messaging.Consuming;
using PhotoPlatform.Messaging.Outbox;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace PhotoPlatform.Messaging.Watching;

/// <summary>Reads the process's outboxes and queues every five seconds: for its metrics, for <c>/internal/messaging</c>, and for its health.</summary>
internal sealed class MessagingWatch(
    IEnumerable<ConsumerEndpoint> endpoints, IEnumerable<MessagingDatabase> databases, BrokerConnection broker, ConsumerProgress progress, MessagingMetrics metrics, TimeProvider time, ILogger<MessagingWatch> logger)
    : BackgroundService, IHealthCheck
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(5);
    private readonly Dictionary<string, (QueueReading Reading, long At)> _standing = [];

    /// <summary>The newest readings; empty until there are any.</summary>
    internal IReadOnlyList<QueueReading> Queues { get; private set; } = [];

    private IReadOnlyList<string> Problems { get; set; } = [];

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(Problems is [] ? HealthCheckResult.Healthy() : new HealthCheckResult(context.Registration.FailureStatus, string.Join(' ', Problems)));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            limit.CancelAfter(ReadLimit);
            try
            {
                await ReadQueuesAsync(limit.Token);
                foreach (var (service, database) in databases)
                    metrics.Set(await OutboxState.ReadAsync(service, database, time.GetUtcNow(), limit.Token));
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                // Whatever it is: a process must not end because nobody could count. A server that is away has a health check and a line in the log of its own.
                logger.LogDebug(exception, "Queues and outboxes were not read");
            }
        }
    }

    private async Task ReadQueuesAsync(CancellationToken cancellationToken)
    {
        var readings = new List<QueueReading>();
        var problems = new List<string>();
        var channel = await broker.OpenChannelAsync(cancellationToken);
        try
        {
            foreach (var queue in endpoints.Select(endpoint => endpoint.Queue))
            {
                try
                {
                    var declared = await channel.QueueDeclarePassiveAsync(queue, cancellationToken);
                    var (taken, atWork, sinceEnded) = progress.Of(queue);
                    var reading = new QueueReading(queue, declared.MessageCount, declared.ConsumerCount, taken, atWork);
                    readings.Add(reading);
                    if (Judge(reading, sinceEnded) is { } problem)
                        problems.Add(problem);
                }
                catch (OperationInterruptedException exception) when (exception.ShutdownReason?.ReplyCode == Constants.NotFound)
                {
                    problems.Add($"The queue '{queue}' does not exist: run the step declare.");
                    await channel.DisposeAsync();
                    channel = await broker.OpenChannelAsync(cancellationToken);
                }
            }
        }
        finally
        {
            await channel.DisposeAsync();
        }
        (Queues, Problems) = (readings, problems);
    }

    private string? Judge(QueueReading now, TimeSpan sinceEnded)
    {
        if (!_standing.TryGetValue(now.Queue, out var before) || !QueueProgress.Stands(before.Reading, now))
        {
            _standing[now.Queue] = (now, time.GetTimestamp());
            return QueueProgress.Problem(null, now, TimeSpan.Zero, sinceEnded);
        }
        return QueueProgress.Problem(before.Reading, now, time.GetElapsedTime(before.At), sinceEnded);
    }
}

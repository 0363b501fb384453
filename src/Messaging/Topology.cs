using PhotoPlatform.Messaging.Broker;
using PhotoPlatform.Messaging.Consuming;
using PhotoPlatform.Messaging.DeadLetters;
using PhotoPlatform.Messaging.Retry;
using RabbitMQ.Client;

namespace PhotoPlatform.Messaging;

/// <summary>
/// The queues and exchanges of a service, declared by its step <c>declare</c> before anybody publishes. Every queue is a quorum queue; what is
/// dead-lettered between them is moved at least once, which RabbitMQ 3.10 does only for quorum queues that reject publishes when full.
/// </summary>
internal static class Topology
{
    internal const int DeliveryLimit = 20;

    /// <summary>A message that took its consumer's process down too often goes straight to the dead letters.</summary>
    internal static IReadOnlyDictionary<string, object?> QueueArguments(string queue) => new Dictionary<string, object?>
    {
        ["x-queue-type"] = "quorum",
        ["x-overflow"] = "reject-publish",
        ["x-delivery-limit"] = DeliveryLimit,
        ["x-dead-letter-exchange"] = "",
        ["x-dead-letter-routing-key"] = MessageNames.DeadLetterQueueOf(queue),
        ["x-dead-letter-strategy"] = "at-least-once",
    };

    /// <summary>A rung holds a message for its delay and then gives it back to its queue.</summary>
    internal static IReadOnlyDictionary<string, object?> RungArguments(string queue, TimeSpan delay) => new Dictionary<string, object?>
    {
        ["x-queue-type"] = "quorum",
        ["x-overflow"] = "reject-publish",
        ["x-message-ttl"] = (long)delay.TotalMilliseconds,
        ["x-dead-letter-exchange"] = "",
        ["x-dead-letter-routing-key"] = queue,
        ["x-dead-letter-strategy"] = "at-least-once",
    };

    internal static async Task DeclareAsync(BrokerConnection broker, IReadOnlyCollection<ConsumerEndpoint> endpoints, IEnumerable<PublishedEvent> events, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var channel = await broker.OpenChannelAsync(cancellationToken);
        foreach (var published in events)
            await channel.ExchangeDeclareAsync(published.Exchange, ExchangeType.Fanout, durable: true, cancellationToken: cancellationToken);

        foreach (var endpoint in endpoints)
        {
            await DeclareQueueAsync(MessageNames.DeadLetterQueueOf(endpoint.Queue), new Dictionary<string, object?> { ["x-queue-type"] = "quorum" });
            foreach (var delay in endpoint.Retry.Rungs)
                await DeclareQueueAsync(RetryPolicy.RungQueue(endpoint.Queue, delay), RungArguments(endpoint.Queue, delay));
            await DeclareQueueAsync(endpoint.Queue, QueueArguments(endpoint.Queue));
            if (endpoint.Exchange is { } exchange)
            {
                await channel.ExchangeDeclareAsync(exchange, ExchangeType.Fanout, durable: true, cancellationToken: cancellationToken);
                await channel.QueueBindAsync(endpoint.Queue, exchange, "", cancellationToken: cancellationToken);
            }
        }
        if (endpoints.Count > 0)
            await DeadLetterCatalogue.AddAsync(broker, endpoints.Select(endpoint => endpoint.Queue), time, cancellationToken);

        Task DeclareQueueAsync(string queue, IReadOnlyDictionary<string, object?> arguments) =>
            channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, arguments.ToDictionary(), cancellationToken: cancellationToken);
    }
}

/// <summary>An event that a service publishes.</summary>
internal sealed record PublishedEvent(string Exchange);

using System.Text.Json;
using PhotoPlatform.Messaging.Broker;
using RabbitMQ.Client;

namespace PhotoPlatform.Messaging.DeadLetters;

/// <summary>
/// The names of all consumer queues of a broker, kept on it, because AMQP cannot list queues: one message with all names. Whoever reads takes it out and puts a
/// new one in first, so that it is never given back: newer brokers drop a message that was given back too often.
/// </summary>
internal static class DeadLetterCatalogue
{
    internal const string Queue = "dead-letters.catalogue";
    private const string Lock = Queue + ".lock";
    private static readonly TimeSpan LockLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ConfirmLimit = TimeSpan.FromSeconds(10);

    /// <summary>Adds names, if any, and returns all. Two that are written at once, or left by a process that died, are merged by the next reader.</summary>
    /// <exception cref="TimeoutException">Another process holds the catalogue, or the broker confirms nothing.</exception>
    /// <exception cref="InvalidDataException">The queue holds something else.</exception>
    internal static async Task<IReadOnlyCollection<string>> AddAsync(BrokerConnection broker, IEnumerable<string> queues, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var held = await BrokerLock.TakeAsync(broker, Lock, LockLimit, time, cancellationToken);
        await using var channel = await broker.OpenConfirmingChannelAsync(cancellationToken);
        await channel.QueueDeclareAsync(Queue, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" }, cancellationToken: cancellationToken);

        var names = new SortedSet<string>(queues, StringComparer.Ordinal);
        ulong last = 0;
        while (await channel.BasicGetAsync(Queue, autoAck: false, cancellationToken) is { } found)
        {
            names.UnionWith(Read(found.Body.Span));
            last = found.DeliveryTag;
        }
        if (names.Count == 0)
            return names;

        var persistent = new BasicProperties { DeliveryMode = DeliveryModes.Persistent, ContentType = "application/json" };
        await channel.BasicPublishAsync("", Queue, mandatory: true, persistent, JsonSerializer.SerializeToUtf8Bytes(names), CancellationToken.None)
            .AsTask().WaitAsync(ConfirmLimit, cancellationToken);
        if (last > 0)
            await channel.BasicAckAsync(last, multiple: true, cancellationToken);
        return names;
    }

    private static string[] Read(ReadOnlySpan<byte> message)
    {
        try
        {
            return JsonSerializer.Deserialize<string[]>(message) ?? [];
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"The queue '{Queue}' holds something that is no list of queues: purge it, then run the step declare of each service again.", exception);
        }
    }
}

using RabbitMQ.Client;

namespace PhotoPlatform.Messaging.DeadLetters;

/// <summary>What the broker itself noted when it moved a message from a consumer's queue to its dead letters, with nobody to write a reason.</summary>
internal sealed record BrokerDeath(string Reason, DateTimeOffset? At, string? Exchange)
{
    private const string Header = "x-death";

    /// <summary>The entry of the consumer's queue; those of rungs only say that a delay was over.</summary>
    internal static BrokerDeath? In(IDictionary<string, object?> headers, string queue)
    {
        if (!headers.TryGetValue(Header, out var value) || value is not IEnumerable<object> entries)
            return null;
        var entry = entries.OfType<IDictionary<string, object?>>().FirstOrDefault(entry => DeadLetter.Text(entry, "queue") == queue);
        return entry is null ? null : new BrokerDeath(
            (DeadLetter.Text(entry, "reason") ?? "unknown").Replace('_', '-'),
            entry.TryGetValue("time", out var time) && time is AmqpTimestamp stamp ? DateTimeOffset.FromUnixTimeSeconds(stamp.UnixTime) : null,
            DeadLetter.Text(entry, "exchange"));
    }
}

using System.Globalization;
using System.Text;
using PhotoPlatform.Messaging.Retry;
using RabbitMQ.Client;

namespace PhotoPlatform.Messaging.DeadLetters;

/// <summary>A message that was given up, with its story.</summary>
/// <param name="Queue">The queue of the consumer that failed; the letter lies in its <c>.dead</c>.</param>
/// <param name="Id">The message's id, or an empty text.</param>
/// <param name="Reason">Why it was given up.</param>
/// <param name="StackHash">The same for equal faults, or null when the broker gave it up.</param>
/// <param name="Exception">Type and message, or null when the broker gave it up.</param>
/// <param name="Attempts">How often it was tried, as far as that is known.</param>
/// <param name="FirstAt">When it first failed, as far as that is known.</param>
/// <param name="LastAt">When it was given up, as far as that is known.</param>
/// <param name="Exchange">The exchange it was first published to; empty for a command; null when that is not known.</param>
/// <param name="TraceId">The trace of its last try.</param>
/// <param name="Size">Bytes of its body.</param>
internal sealed record DeadLetter(string Queue, string Id, string Reason, string? StackHash, string? Exception, long? Attempts,
    DateTimeOffset? FirstAt, DateTimeOffset? LastAt, string? Exchange, string? TraceId, int Size)
{
    /// <summary>Where it lies in its queue; 0 when it comes from an archive.</summary>
    internal ulong Tag { get; init; }

    internal required IReadOnlyBasicProperties Properties { get; init; }

    /// <summary>Empty when nobody asked for it.</summary>
    internal ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Reads what consumers and the broker wrote into the letter's headers.</summary>
    internal static DeadLetter Read(string queue, ulong tag, IReadOnlyBasicProperties properties, int size)
    {
        var headers = properties.Headers ?? new Dictionary<string, object?>();
        var death = BrokerDeath.In(headers, queue);
        var reason = Text(headers, FailureHeaders.Reason);
        return new DeadLetter(queue, properties.MessageId ?? "", reason ?? death?.Reason ?? "unknown", Text(headers, FailureHeaders.StackHash), Text(headers, FailureHeaders.Exception),
            Number(headers, FailureHeaders.Attempts), Time(headers, FailureHeaders.FirstAt), reason is null ? death?.At : Time(headers, FailureHeaders.LastAt),
            Text(headers, FailureHeaders.OriginalExchange) ?? death?.Exchange, Text(headers, FailureHeaders.TraceId), size) { Tag = tag, Properties = properties };
    }

    /// <summary>Its headers as a person reads them.</summary>
    internal Dictionary<string, string> HeadersAsText() => (Properties.Headers ?? new Dictionary<string, object?>()).ToDictionary(header => header.Key, header => Written(header.Value));

    /// <summary>A header as text, whatever the client library made of it.</summary>
    internal static string? Text(IDictionary<string, object?> headers, string name) => headers.TryGetValue(name, out var value) ? value switch
    {
        null => null,
        byte[] bytes => Encoding.UTF8.GetString(bytes),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    } : null;

    private static long? Number(IDictionary<string, object?> headers, string name) =>
        long.TryParse(Text(headers, name), NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static DateTimeOffset? Time(IDictionary<string, object?> headers, string name) =>
        DateTimeOffset.TryParse(Text(headers, name), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    private static string Written(object? value) => value switch
    {
        byte[] bytes => Encoding.UTF8.GetString(bytes),
        AmqpTimestamp time => DateTimeOffset.FromUnixTimeSeconds(time.UnixTime).ToString("u", CultureInfo.InvariantCulture),
        IDictionary<string, object?> table => $"{{{string.Join(", ", table.Select(entry => $"{entry.Key}: {Written(entry.Value)}"))}}}",
        IEnumerable<object?> list => $"[{string.Join(", ", list.Select(Written))}]",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };
}

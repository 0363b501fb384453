using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using MassTransit;

namespace PhotoPlatform.Messaging.Broker;

/// <summary>A message as it goes over the wire: to an exchange, or with an empty exchange to the queue named by the routing key.</summary>
internal sealed record OutgoingMessage(Guid Id, string Exchange, string RoutingKey, byte[] Body, string? TraceParent)
{
    /// <summary>The content type of MassTransit's JSON envelope, which every MassTransit consumer reads.</summary>
    internal const string ContentType = "application/vnd.masstransit+json";

    /// <summary>The header in which MassTransit passes the trace on.</summary>
    internal const string TraceHeader = "MT-Activity-Id";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } };

    /// <summary>What MassTransit's reader must know to read these bodies: enums are written by name.</summary>
    internal static JsonSerializerOptions AlsoReads(JsonSerializerOptions options)
    {
        options.Converters.Add(new JsonStringEnumConverter());
        return options;
    }

    /// <summary>An event for whoever subscribed to its type.</summary>
    internal static OutgoingMessage Event(Guid id, object message, DateTimeOffset sent) =>
        new(id, MessageNames.ExchangeOf(message.GetType()), "", Envelope(id, message, sent), Activity.Current?.Id);

    /// <summary>A command for one queue.</summary>
    internal static OutgoingMessage Command(Guid id, string queue, object message, DateTimeOffset sent) =>
        new(id, "", queue, Envelope(id, message, sent), Activity.Current?.Id);

    /// <summary>The message inside an envelope, or null when the bytes are none.</summary>
    internal static T? Open<T>(ReadOnlySpan<byte> envelope) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<EnvelopeOf<T>>(envelope, Json)?.Message;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static byte[] Envelope(Guid id, object message, DateTimeOffset sent) =>
        JsonSerializer.SerializeToUtf8Bytes(new EnvelopeOf<object>(id, [MessageUrn.ForTypeString(message.GetType())], message, sent.UtcDateTime), Json);

    private sealed record EnvelopeOf<T>(Guid MessageId, string[] MessageType, T Message, DateTime SentTime);
}

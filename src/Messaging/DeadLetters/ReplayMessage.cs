using System.Text.Json;
using System.Text.Json.Nodes;
using PhotoPlatform.Messaging.Retry;
using RabbitMQ.Client;

namespace PhotoPlatform.Messaging.DeadLetters;

/// <summary>What a dead letter is published as again: the message that it was, without its failures.</summary>
/// <param name="Properties">Its properties.</param>
/// <param name="Body">Its body.</param>
/// <param name="IsRenewed">Whether it has a new id.</param>
internal sealed record ReplayMessage(BasicProperties Properties, ReadOnlyMemory<byte> Body, bool IsRenewed)
{
    /// <summary>How many days an inbox remembers.</summary>
    internal const int WindowDays = MessagingSchema.InboxDays;

    private const string IdField = "messageId";

    private static readonly string[] Stripped = ["x-death", "x-first-death-", "x-last-death-", "x-delivery-count", "x-acquired-count", "x-dotnet-pub-seq-no", FailureHeaders.Prefix, FailureHeaders.Rung];

    /// <summary>Makes it; null when an inbox no longer knows the days of its id, so that it would only die again, and it may not have a new one.</summary>
    internal static ReplayMessage? Of(DeadLetter letter, DateTimeOffset now, bool renewIds)
    {
        var properties = new BasicProperties(letter.Properties)
        {
            DeliveryMode = DeliveryModes.Persistent,
            Headers = (letter.Properties.Headers ?? new Dictionary<string, object?>())
                .Where(header => !Stripped.Any(name => header.Key.StartsWith(name, StringComparison.Ordinal))).ToDictionary(),
        };
        properties.Headers[FailureHeaders.Replayed] = 1;
        if (letter.Exchange is { } exchange)
            properties.Headers.TryAdd(FailureHeaders.OriginalExchange, exchange);
        // The broker would compare it with the name of whoever replays.
        properties.ClearUserId();

        var envelope = Parse(letter.Body);
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        if (IdIn(envelope) is not { } id || MessagingSchema.Remembers(DateOnly.FromDateTime(MessageId.TimeOf(id).UtcDateTime), today))
            return new ReplayMessage(properties, letter.Body, IsRenewed: false);
        if (!renewIds)
            return null;

        var renewed = Renewed(id, today).ToString();
        envelope![IdField] = renewed;
        properties.MessageId = renewed;
        return new ReplayMessage(properties, JsonSerializer.SerializeToUtf8Bytes(envelope), IsRenewed: true);
    }

    /// <summary>The envelope that consumers read their id from; null when it is none, and then its consumer says so itself.</summary>
    private static JsonObject? Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            var envelope = JsonNode.Parse(body.Span) as JsonObject;
            // The first look at a field finds out that one is there twice.
            _ = envelope?[IdField];
            return envelope;
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            return null;
        }
    }

    private static Guid? IdIn(JsonObject? envelope) => envelope?[IdField] is JsonValue value && value.TryGetValue<Guid>(out var id) ? id : null;

    /// <summary>An id of today that depends on the old one: whoever is killed and begins again repeats it, on the same day.</summary>
    private static Guid Renewed(Guid id, DateOnly today)
    {
        Span<byte> bytes = stackalloc byte[16];
        MessageId.FollowUp(id, "renewed", 0).TryWriteBytes(bytes, bigEndian: true, out _);
        Span<byte> day = stackalloc byte[16];
        Guid.CreateVersion7(new DateTimeOffset(today, TimeOnly.MinValue, TimeSpan.Zero)).TryWriteBytes(day, bigEndian: true, out _);
        day[..6].CopyTo(bytes);
        return new Guid(bytes, bigEndian: true);
    }
}

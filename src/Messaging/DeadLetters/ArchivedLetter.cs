using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using RabbitMQ.Client;

namespace PhotoPlatform.Messaging.DeadLetters;

/// <summary>A dead letter as a line of an archive.</summary>
/// <param name="ArchivedAt">When it was written.</param>
/// <param name="Queue">The queue of the consumer that failed.</param>
/// <param name="Properties">The message's properties, by their names.</param>
/// <param name="Headers">Its headers: texts, numbers, and lists and tables of them; bytes that are no text as <c>{"base64": ...}</c>.</param>
/// <param name="Body">Its body in base64.</param>
internal sealed record ArchivedLetter(DateTimeOffset ArchivedAt, string Queue, Dictionary<string, string> Properties, Dictionary<string, JsonElement> Headers, string Body)
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Every text property of a message, and how to read and set it.</summary>
    private static readonly (string Name, Func<IReadOnlyBasicProperties, string?> Get, Action<BasicProperties, string> Set)[] Texts =
    [
        ("messageId", from => from.MessageId, (to, text) => to.MessageId = text),
        ("contentType", from => from.ContentType, (to, text) => to.ContentType = text),
        ("contentEncoding", from => from.ContentEncoding, (to, text) => to.ContentEncoding = text),
        ("correlationId", from => from.CorrelationId, (to, text) => to.CorrelationId = text),
        ("replyTo", from => from.ReplyTo, (to, text) => to.ReplyTo = text),
        ("type", from => from.Type, (to, text) => to.Type = text),
        ("appId", from => from.AppId, (to, text) => to.AppId = text),
    ];

    internal static ArchivedLetter Of(DeadLetter letter, DateTimeOffset now) => new(now, letter.Queue,
        Texts.Where(text => text.Get(letter.Properties) is not null).ToDictionary(text => text.Name, text => text.Get(letter.Properties)!),
        (letter.Properties.Headers ?? new Dictionary<string, object?>()).ToDictionary(header => header.Key, header => JsonSerializer.SerializeToElement(Json(header.Value))),
        Convert.ToBase64String(letter.Body.Span));

    /// <summary>The line, without its end.</summary>
    internal byte[] ToLine() => JsonSerializer.SerializeToUtf8Bytes(this, Format);

    /// <summary>The letter of a line, or null when the line is none.</summary>
    internal static DeadLetter? Parse(string line)
    {
        try
        {
            if (JsonSerializer.Deserialize<ArchivedLetter>(line, Format) is not { Queue: { } queue, Properties: { } properties, Headers: { } headers, Body: { } base64 })
                return null;
            var body = Convert.FromBase64String(base64);
            var message = new BasicProperties { Headers = headers.ToDictionary(header => header.Key, header => Amqp(header.Value)) };
            foreach (var (name, _, set) in Texts)
            {
                if (properties.TryGetValue(name, out var text))
                    set(message, text);
            }
            return DeadLetter.Read(queue, 0, message, body.Length) with { Body = body };
        }
        catch (Exception exception) when (exception is JsonException or FormatException)
        {
            return null;
        }
    }

    private static object? Json(object? value) => value switch
    {
        byte[] bytes => Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : (object)new { base64 = Convert.ToBase64String(bytes) },
        AmqpTimestamp time => DateTimeOffset.FromUnixTimeSeconds(time.UnixTime),
        IDictionary<string, object?> table => table.ToDictionary(entry => entry.Key, entry => Json(entry.Value)),
        IEnumerable<object?> list => list.Select(Json).ToArray(),
        _ => value,
    };

    private static object? Amqp(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.TryGetInt64(out var number) ? number : value.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Array => value.EnumerateArray().Select(Amqp).ToList(),
        JsonValueKind.Object when value.TryGetProperty("base64", out var base64) => base64.GetBytesFromBase64(),
        JsonValueKind.Object => value.EnumerateObject().ToDictionary(entry => entry.Name, entry => Amqp(entry.Value)),
        _ => null,
    };
}

using Npgsql;

namespace PhotoPlatform.Messaging.Inbox;

/// <summary>Remembers which messages a consumer has had.</summary>
internal static class InboxStore
{
    /// <summary>The message's row.</summary>
    /// <exception cref="PermanentException">The message is older than the inbox remembers, or its id carries no time.</exception>
    internal static InboxEntry EntryOf(string consumer, Guid messageId, DateTimeOffset now)
    {
        var day = DateOnly.FromDateTime(MessageId.TimeOf(messageId).UtcDateTime);
        return MessagingSchema.Remembers(day, DateOnly.FromDateTime(now.UtcDateTime))
            ? new InboxEntry(day, consumer, messageId)
            : throw new PermanentException("outside-inbox-window", $"The message was first sent on {day:O}; the inbox remembers {MessagingSchema.InboxDays} days.");
    }

    /// <summary>Notes the message; false when the consumer has had it. Waits while another process works on the same message.</summary>
    internal static async Task<bool> TryAddAsync(NpgsqlConnection connection, InboxEntry entry, CancellationToken cancellationToken)
    {
        await using var insert = Command("INSERT INTO inbox (day, consumer, message_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", connection, entry);
        return await insert.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    /// <summary>Whether the consumer has had the message.</summary>
    internal static async Task<bool> HasAsync(NpgsqlConnection connection, InboxEntry entry, CancellationToken cancellationToken)
    {
        await using var select = Command("SELECT true FROM inbox WHERE day = $1 AND consumer = $2 AND message_id = $3", connection, entry);
        return await select.ExecuteScalarAsync(cancellationToken) is true;
    }

    private static NpgsqlCommand Command(string sql, NpgsqlConnection connection, InboxEntry entry) =>
        new(sql, connection) { Parameters = { new() { Value = entry.Day }, new() { Value = entry.Consumer }, new() { Value = entry.MessageId } } };
}

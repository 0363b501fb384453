using Microsoft.EntityFrameworkCore;

namespace PhotoPlatform.Messaging.Inbox;

/// <summary>Remembers which messages a consumer has had, in the transaction of their effect.</summary>
internal static class InboxStore
{
    /// <summary>Notes the message; false when the consumer has had it. Waits while another process works on the same message.</summary>
    /// <exception cref="PermanentException">The message is older than the inbox remembers, or its id carries no time.</exception>
    internal static async Task<bool> TryAddAsync(DbContext db, string consumer, Guid messageId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var day = DateOnly.FromDateTime(MessageId.TimeOf(messageId).UtcDateTime);
        if (!MessagingSchema.Remembers(day, DateOnly.FromDateTime(now.UtcDateTime)))
            throw new PermanentException("outside-inbox-window", $"The message was first sent on {day:O}; the inbox remembers {MessagingSchema.InboxDays} days.");
        return await db.Database.ExecuteSqlAsync(
            $"INSERT INTO inbox (day, consumer, message_id) VALUES ({day}, {consumer}, {messageId}) ON CONFLICT DO NOTHING", cancellationToken) == 1;
    }
}

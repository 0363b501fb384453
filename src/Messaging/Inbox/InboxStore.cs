using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace PhotoPlatform.Messaging.Inbox;

/// <summary>Remembers which messages a consumer has had, in the transaction of their effect.</summary>
internal static class InboxStore
{
    /// <summary>Notes the message; false when the consumer has had it.</summary>
    /// <exception cref="PermanentException">The message is older than the inbox remembers.</exception>
    internal static async Task<bool> TryAddAsync(DbContext db, string consumer, Guid messageId, CancellationToken cancellationToken)
    {
        var day = DateOnly.FromDateTime(MessageId.TimeOf(messageId).UtcDateTime);
        try
        {
            return await db.Database.ExecuteSqlAsync(
                $"INSERT INTO inbox (day, consumer, message_id) VALUES ({day}, {consumer}, {messageId}) ON CONFLICT DO NOTHING", cancellationToken) == 1;
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.CheckViolation)
        {
            throw new PermanentException("outside-inbox-window", $"The message was first sent on {day:O}; the inbox remembers {MessagingSchema.InboxDays} days.", exception);
        }
    }
}

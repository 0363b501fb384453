using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Notifier.Data;
using PhotoPlatform.Notifier.Events;

namespace PhotoPlatform.Notifier.Notifications;

/// <summary>Adds to what a user is told, in the consumer's transaction, and announces it in their stream. The caller has asked whether the accounts are open.</summary>
internal sealed class NotificationLog(NotifierDb db, EventLog events, TimeProvider time)
{
    /// <summary>The oldest beyond it go.</summary>
    internal const int MaxPerUser = 1000;

    /// <param name="userId">Who is told.</param>
    /// <param name="type">What about.</param>
    /// <param name="payload">What to tell.</param>
    /// <param name="actorId">Another user whom the payload names.</param>
    /// <param name="cancellationToken">Ends the transaction's work.</param>
    internal async Task AddAsync(Guid userId, string type, object payload, Guid? actorId, CancellationToken cancellationToken)
    {
        var id = await events.AppendAsync(userId, "notification", seq => new { Id = seq, Type = type }, cancellationToken);
        db.Add(new Notification { UserId = userId, Id = id, Type = type, Payload = JsonSerializer.Serialize(payload, JsonSerializerOptions.Web), ActorId = actorId, At = time.GetUtcNow() });
        await db.SaveChangesAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync($"""
            DELETE FROM notifications WHERE user_id = {userId}
            AND id <= (SELECT id FROM notifications WHERE user_id = {userId} ORDER BY id DESC OFFSET {MaxPerUser} LIMIT 1)
            """, cancellationToken);
    }
}

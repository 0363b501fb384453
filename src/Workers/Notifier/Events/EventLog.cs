using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Messaging.Consuming;
using PhotoPlatform.Notifier.Data;

namespace PhotoPlatform.Notifier.Events;

/// <summary>Appends to a user's events in the consumer's transaction, and wakes the user's streams after its commit. The caller has asked whether the account is open.</summary>
internal sealed class EventLog(NotifierDb db, AfterCommit afterCommit, EventStreams streams, TimeProvider time, ILogger<EventLog> logger)
{
    /// <param name="userId">Whose event.</param>
    /// <param name="type">The event's name in the stream.</param>
    /// <param name="payload">Makes what the event says from its number. No names and addresses: they would outlive their owner here.</param>
    /// <param name="cancellationToken">Ends the transaction's work.</param>
    /// <returns>The event's number.</returns>
    internal async Task<long> AppendAsync(Guid userId, string type, Func<long, object> payload, CancellationToken cancellationToken)
    {
        // The updated row orders a user's events by commit, which an identity column would not.
        var seq = (await db.Database.SqlQuery<long>($"""
            INSERT INTO event_counters (user_id, last_seq) VALUES ({userId}, 1)
            ON CONFLICT (user_id) DO UPDATE SET last_seq = event_counters.last_seq + 1 RETURNING last_seq AS "Value"
            """).ToListAsync(cancellationToken))[0];
        db.Add(new UserEvent { UserId = userId, Seq = seq, Type = type, Payload = JsonSerializer.Serialize(payload(seq), JsonSerializerOptions.Web), At = time.GetUtcNow() });
        await db.SaveChangesAsync(cancellationToken);
        logger.LogInformation("Event {Seq} of user {UserId}: {Type}", seq, userId, type);
        afterCommit.Do(() => streams.Announce(userId));
        return seq;
    }

    /// <summary>Makes whoever else appends to the user's events wait for the end of this transaction.</summary>
    internal Task LockAsync(Guid userId, CancellationToken cancellationToken) => db.Database.ExecuteSqlAsync(
        $"INSERT INTO event_counters (user_id, last_seq) VALUES ({userId}, 0) ON CONFLICT (user_id) DO UPDATE SET last_seq = event_counters.last_seq", cancellationToken);
}

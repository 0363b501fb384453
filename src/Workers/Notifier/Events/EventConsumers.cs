using System.Text.Json;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.Messaging.Consuming;
using PhotoPlatform.Notifier.Data;

namespace PhotoPlatform.Notifier.Events;

internal sealed class PhotoReadyConsumer(EventLog log) : IConsumer<PhotoReady>
{
    public Task Consume(ConsumeContext<PhotoReady> context) =>
        log.AppendAsync(context.Message.OwnerId, "photo-ready", new { context.Message.PhotoId, context.Message.Version }, context.CancellationToken);
}

internal sealed class PhotoUnusableConsumer(EventLog log) : IConsumer<PhotoUnusable>
{
    public Task Consume(ConsumeContext<PhotoUnusable> context) =>
        log.AppendAsync(context.Message.OwnerId, $"photo-{context.Message.State}", new { context.Message.PhotoId, context.Message.Version, context.Message.Reason }, context.CancellationToken);
}

internal sealed class PhotoDeletedConsumer(EventLog log) : IConsumer<PhotoDeleted>
{
    public Task Consume(ConsumeContext<PhotoDeleted> context) =>
        log.AppendAsync(context.Message.OwnerId, "photo-deleted", new { context.Message.PhotoId }, context.CancellationToken);
}

/// <summary>Appends to a user's events in the consumer's transaction, and wakes the user's streams after its commit.</summary>
internal sealed class EventLog(NotifierDb db, AfterCommit afterCommit, EventStreams streams, TimeProvider time, ILogger<EventLog> logger)
{
    internal async Task AppendAsync(Guid userId, string type, object payload, CancellationToken cancellationToken)
    {
        // The updated row orders a user's events by commit, which an identity column would not.
        var seq = await db.Database.SqlQuery<long>($"""
            INSERT INTO event_counters (user_id, last_seq) VALUES ({userId}, 1)
            ON CONFLICT (user_id) DO UPDATE SET last_seq = event_counters.last_seq + 1 RETURNING last_seq AS "Value"
            """).ToListAsync(cancellationToken);
        db.Add(new UserEvent { UserId = userId, Seq = seq[0], Type = type, Payload = JsonSerializer.Serialize(payload, JsonSerializerOptions.Web), At = time.GetUtcNow() });
        await db.SaveChangesAsync(cancellationToken);
        logger.LogInformation("Event {Seq} of user {UserId}: {Type}", seq[0], userId, type);
        afterCommit.Do(() => streams.Announce(userId));
    }
}

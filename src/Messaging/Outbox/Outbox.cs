using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Messaging.Broker;

namespace PhotoPlatform.Messaging.Outbox;

/// <summary>
/// Messages of a DbContext: they are saved with its changes, in its transaction, and sent by the relay after the commit.
/// Change, publish, save once, in that order. A message that no save followed is an error at the end of the request or of the consumer.
/// </summary>
public sealed class Outbox<TDbContext> where TDbContext : DbContext
{
    private readonly TDbContext _db;
    private readonly TimeProvider _time;

    /// <summary>Made by the container, one for each scope.</summary>
    public Outbox(TDbContext db, TimeProvider time, UnsavedMessages unsaved)
    {
        _db = db;
        _time = time;
        unsaved.Watch(db);
    }

    /// <summary>An event for whoever subscribed to it.</summary>
    /// <param name="message">The event.</param>
    /// <param name="deliverAt">When to send it, to within a second or so; at most a few days ahead, for the inbox knows messages by the day they were made. Null: at once.</param>
    /// <param name="orderKey">Messages of one key leave in the order of their commits, and one that cannot be sent holds up those after it; null: in any order.</param>
    public void Publish(object message, DateTimeOffset? deliverAt = null, string? orderKey = null) =>
        Add(OutgoingMessage.Event(MessageId.New(_time), message, _time.GetUtcNow()), deliverAt, orderKey);

    /// <summary>A command for one queue.</summary>
    /// <param name="queue">The queue.</param>
    /// <param name="message">The command.</param>
    /// <param name="deliverAt">As for <see cref="Publish"/>.</param>
    /// <param name="orderKey">As for <see cref="Publish"/>.</param>
    public void Send(string queue, object message, DateTimeOffset? deliverAt = null, string? orderKey = null) =>
        Add(OutgoingMessage.Command(MessageId.New(_time), queue, message, _time.GetUtcNow()), deliverAt, orderKey);

    private void Add(OutgoingMessage message, DateTimeOffset? deliverAt, string? orderKey)
    {
        if (_db.Database.AutoTransactionBehavior == AutoTransactionBehavior.Never && _db.Database.CurrentTransaction is null)
            throw new InvalidOperationException($"A message of {typeof(TDbContext).Name} needs a transaction, and AutoTransactionBehavior.Never makes none: call Database.BeginTransactionAsync before Publish or Send.");
        _db.Add(new OutboxMessage
        {
            Id = message.Id,
            Exchange = message.Exchange,
            RoutingKey = message.RoutingKey,
            Body = message.Body,
            TraceParent = message.TraceParent,
            OrderKey = orderKey,
            DeliverAt = deliverAt,
        });
    }
}

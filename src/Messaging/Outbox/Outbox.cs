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
        unsaved.Watch(() => db.ChangeTracker.Entries<OutboxMessage>().Count(entry => entry.State == EntityState.Added));
    }

    /// <summary>An event for whoever subscribed to it.</summary>
    /// <param name="message">The event.</param>
    /// <param name="deliverAt">When to send it, to within a second or so; at most a few days ahead, for the inbox knows messages by the day they were made. Null: at once.</param>
    public void Publish(object message, DateTimeOffset? deliverAt = null) => Add(OutgoingMessage.Event(MessageId.New(_time), message, _time.GetUtcNow()), deliverAt);

    /// <summary>A command for one queue.</summary>
    /// <param name="queue">The queue.</param>
    /// <param name="message">The command.</param>
    /// <param name="deliverAt">As for <see cref="Publish"/>.</param>
    public void Send(string queue, object message, DateTimeOffset? deliverAt = null) => Add(OutgoingMessage.Command(MessageId.New(_time), queue, message, _time.GetUtcNow()), deliverAt);

    private void Add(OutgoingMessage message, DateTimeOffset? deliverAt) => _db.Add(new OutboxMessage
    {
        Id = message.Id,
        Exchange = message.Exchange,
        RoutingKey = message.RoutingKey,
        Body = message.Body.ToArray(),
        TraceParent = message.TraceParent,
        DeliverAt = deliverAt,
    });
}

/// <summary>Makes a forgotten save loud: publishing after the last SaveChanges would otherwise lose the message without a trace.</summary>
public sealed class UnsavedMessages
{
    private readonly List<Func<int>> _counts = [];

    internal void Watch(Func<int> count) => _counts.Add(count);

    internal void ThrowIfAny()
    {
        var unsaved = _counts.Sum(count => count());
        if (unsaved > 0)
            throw new InvalidOperationException($"{unsaved} message(s) were published but never saved, and would be lost: call SaveChangesAsync after the last Publish or Send.");
    }
}

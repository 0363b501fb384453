using PhotoPlatform.Messaging.Broker;

namespace PhotoPlatform.Messaging.Consuming;

/// <summary>
/// Publishes for a consumer without a database: straight to the broker, confirmed, with ids that depend only on the consumed message,
/// so that a repeated job repeats its ids and the receiver's inbox sees the duplicate.
/// </summary>
public sealed class FollowUps
{
    private static readonly TimeSpan ConfirmLimit = TimeSpan.FromSeconds(10);
    private readonly BrokerConnection _broker;
    private readonly TimeProvider _time;
    private Guid _received;
    private string? _consumer;
    private int _ordinal;

    internal FollowUps(BrokerConnection broker, TimeProvider time) => (_broker, _time) = (broker, time);

    internal void Begin(Guid received, string consumer) => (_received, _consumer) = (received, consumer);

    /// <summary>Returns when the broker has taken the event over. The order of the calls decides the ids: it must not depend on chance.</summary>
    /// <exception cref="InvalidOperationException">There is no consumed message: the call comes from elsewhere, or from a consumer with a database.</exception>
    public Task PublishAsync(object message, CancellationToken cancellationToken)
    {
        if (_consumer is null)
            throw new InvalidOperationException("FollowUps publishes in a consumer without a database only; where there is a DbContext, publish with its Outbox.");
        var id = MessageId.FollowUp(_received, _consumer, _ordinal++);
        return _broker.PublishAsync(OutgoingMessage.Event(id, message, _time.GetUtcNow()), null, ConfirmLimit, cancellationToken);
    }
}

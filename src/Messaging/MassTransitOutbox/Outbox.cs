using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace PhotoPlatform.Messaging.Outbox;

/// <summary>
/// Messages of a DbContext: MassTransit saves them with its changes, and sends them after the commit.
/// Change, publish, save once, in that order: nothing tells of a message that no save followed.
/// </summary>
public sealed class Outbox<TDbContext>(ISendEndpointProvider bus, TimeProvider time) where TDbContext : DbContext
{
    // The default exchange takes a message to the queue that its routing key names; this is how MassTransit calls it.
    private static readonly Uri DefaultExchange = new("exchange:amq.rabbitmq.reply-to");

    /// <summary>An event for whoever subscribed to it.</summary>
    /// <param name="message">The event.</param>
    /// <param name="deliverAt">Null: at once.</param>
    /// <param name="orderKey">Null: in any order.</param>
    /// <exception cref="NotSupportedException">A time or an order was asked for.</exception>
    public void Publish(object message, DateTimeOffset? deliverAt = null, string? orderKey = null) =>
        Add(new Uri($"exchange:{MessageNames.ExchangeOf(message.GetType())}"), "", message, deliverAt, orderKey);

    /// <summary>A command for one queue.</summary>
    /// <param name="queue">The queue.</param>
    /// <param name="message">The command.</param>
    /// <param name="deliverAt">As for <see cref="Publish"/>.</param>
    /// <param name="orderKey">As for <see cref="Publish"/>.</param>
    /// <exception cref="NotSupportedException">A time or an order was asked for.</exception>
    public void Send(string queue, object message, DateTimeOffset? deliverAt = null, string? orderKey = null) =>
        Add(DefaultExchange, queue, message, deliverAt, orderKey);

    private void Add(Uri address, string routingKey, object message, DateTimeOffset? deliverAt, string? orderKey)
    {
        if (deliverAt is not null)
            throw new NotSupportedException("MassTransit's outbox sends at once: build without UseMassTransitOutbox, or publish without deliverAt.");
        if (orderKey is not null)
            throw new NotSupportedException("MassTransit's outbox keeps no order between transactions: build without UseMassTransitOutbox, or publish without orderKey.");
        // It only adds rows to the DbContext, which waits for nothing.
        AddAsync().GetAwaiter().GetResult();

        async Task AddAsync()
        {
            var endpoint = await bus.GetSendEndpoint(address);
            await endpoint.Send(message, Pipe.Execute<SendContext>(context =>
            {
                context.MessageId = MessageId.New(time);
                context.SetRoutingKey(routingKey);
            }));
        }
    }
}

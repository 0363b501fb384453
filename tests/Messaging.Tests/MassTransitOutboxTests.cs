using Microsoft.Extensions.DependencyInjection;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests;

/// <summary>What is different with MassTransit's outbox in the place of ours.</summary>
public sealed class MassTransitOutboxTests(OrdersFixture orders) : IClassFixture<OrdersFixture>
{
    [Fact]
    public async Task A_command_is_sent_to_its_queue()
    {
        var order = Guid.NewGuid();
        await orders.Service.DeclareQueueAsync("drawer");
        await orders.SaveAsync(outbox => outbox.Send("drawer", new OrderCancelled(order)));

        await orders.Environment.WaitForMessageAsync("drawer", order);
    }

    [Fact]
    public async Task What_was_sent_leaves_nothing_in_the_tables()
    {
        var order = Guid.NewGuid();
        await orders.SaveAsync(outbox => outbox.Publish(new OrderPlaced(order)));
        await orders.Work.DoneAsync(order);

        await Eventually.GetAsync(async () => await orders.CountAsync("\"OutboxMessage\"") + await orders.CountAsync("\"OutboxState\""), rows => rows == 0);
    }

    [Fact]
    public async Task A_consumer_that_leaves_its_transaction_has_changed_nothing_in_it_and_has_had_its_message()
    {
        var (order, id) = (Guid.NewGuid(), MessageId.New(TimeProvider.System));
        orders.Work.On(order, async delivery =>
        {
            await using (await delivery.Db.Database.BeginTransactionAsync())
            {
                delivery.Db.Add(new Effect { OrderId = order, What = "rolled back" });
                await delivery.Db.SaveChangesAsync();
            }
        });
        await orders.Service.SendAsync(Orders.Cancellations, id, new OrderCancelled(order));
        await orders.Receipts.NextAsync(id);

        Assert.Equal(["cancelled"], await orders.EffectsAsync(order));
    }

    [Fact]
    public async Task A_time_or_an_order_is_refused_and_the_switch_is_named()
    {
        await using var scope = orders.Service.Services.CreateAsyncScope();
        var outbox = scope.ServiceProvider.GetRequiredService<Outbox<OrdersDb>>();
        var time = Assert.Throws<NotSupportedException>(() => outbox.Publish(new OrderAccepted(Guid.NewGuid()), deliverAt: TimeProvider.System.GetUtcNow()));
        var order = Assert.Throws<NotSupportedException>(() => outbox.Send(Orders.Queue, new OrderAccepted(Guid.NewGuid()), orderKey: "key"));

        Assert.All([time, order], error => Assert.Contains("UseMassTransitOutbox", error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Of_the_outbox_nothing_is_told()
    {
        var state = await orders.Client.GetStringAsync(new Uri("/internal/messaging", UriKind.Relative));

        Assert.Contains("\"outboxes\":[]", state, StringComparison.Ordinal);
    }
}

using System.Net;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests;

/// <summary>What every outbox and inbox must do: ours, and MassTransit's in its place.</summary>
public sealed class DeliveryTests(OrdersFixture orders) : IClassFixture<OrdersFixture>
{
    [Fact]
    public async Task A_change_and_its_message_are_committed_together_and_delivered_once()
    {
        var order = Guid.NewGuid();
        (await orders.Client.PostAsync($"/orders/{order}", null)).EnsureSuccessStatusCode();
        await orders.Work.DoneAsync(order);

        Assert.Equal(["placed", "taken as Paid"], await orders.EffectsAsync(order));
        Assert.Equal(1, orders.Work.Tries(order));
    }

    [Fact]
    public async Task A_rolled_back_transaction_leaves_neither_its_change_nor_its_message()
    {
        var order = Guid.NewGuid();
        (await orders.Client.PostAsync($"/orders/{order}/rolled-back", null)).EnsureSuccessStatusCode();
        await DeliverAnotherAsync();

        Assert.Empty(await orders.EffectsAsync(order));
        Assert.Equal(0, orders.Work.Tries(order));
    }

    [Fact]
    public async Task An_enum_travels_by_its_name()
    {
        var order = Guid.NewGuid();
        await orders.SaveAsync(outbox => outbox.Publish(new OrderPlaced(order, OrderKind.Free)));
        await orders.Work.DoneAsync(order);

        Assert.Equal(["taken as Free"], await orders.EffectsAsync(order));
    }

    [Theory]
    [InlineData(Orders.Queue, "taken as Paid")]
    [InlineData(Orders.Cancellations, "cancelled")]
    public async Task A_message_that_comes_twice_has_one_effect(string queue, string effect)
    {
        var (order, id) = (Guid.NewGuid(), MessageId.New(TimeProvider.System));
        for (var i = 0; i < 2; i++)
        {
            await SendAsync(queue, id, order);
            await orders.Receipts.NextAsync(id);
        }

        Assert.Equal([effect], await orders.EffectsAsync(order));
    }

    [Theory]
    [InlineData(Orders.Queue, "taken as Paid")]
    [InlineData(Orders.Cancellations, "cancelled")]
    public async Task A_message_that_comes_twice_at_once_has_one_effect(string queue, string effect)
    {
        var (order, id, goOn) = (Guid.NewGuid(), MessageId.New(TimeProvider.System), new TaskCompletionSource());
        orders.Work.On(order, _ => goOn.Task);
        await DeliverTwiceAtOnceAsync(queue, id, order, goOn);

        Assert.Equal([effect], await orders.EffectsAsync(order));
    }

    [Theory]
    [InlineData(Orders.Queue, "taken as Paid")]
    [InlineData(Orders.Cancellations, "cancelled")]
    public async Task A_message_that_comes_often_and_at_once_has_one_effect(string queue, string effect)
    {
        const int Deliveries = 16;
        var (order, id) = (Guid.NewGuid(), MessageId.New(TimeProvider.System));
        await Task.WhenAll(Enumerable.Range(0, Deliveries).Select(_ => SendAsync(queue, id, order)));
        for (var i = 0; i < Deliveries; i++)
            await orders.Receipts.NextAsync(id);

        Assert.Equal([effect], await orders.EffectsAsync(order));
    }

    [Theory]
    [InlineData(Orders.Queue, "taken as Paid")]
    [InlineData(Orders.Cancellations, "cancelled")]
    public async Task When_the_first_of_two_deliveries_at_once_fails_the_second_has_the_effect(string queue, string effect)
    {
        var (order, id, goOn, started) = (Guid.NewGuid(), MessageId.New(TimeProvider.System), new TaskCompletionSource(), 0);
        orders.Work.On(order, async _ =>
        {
            var first = Interlocked.Increment(ref started) == 1;
            await goOn.Task;
            if (first)
                throw new InvalidOperationException("The first try fails.");
        });
        await DeliverTwiceAtOnceAsync(queue, id, order, goOn);

        Assert.Equal([effect], await orders.EffectsAsync(order));
    }

    [Fact]
    public async Task The_relay_goes_on_when_its_database_sessions_are_killed()
    {
        for (var i = 0; i < 5; i++)
        {
            await orders.Environment.QueryAsync<bool>(Orders.Name, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
            var order = Guid.NewGuid();
            await Eventually.GetAsync(async () => (await orders.Client.PostAsync($"/orders/{order}", null)).StatusCode, status => status == HttpStatusCode.Accepted);
            await orders.Work.DoneAsync(order);
        }
    }

    private async Task DeliverAnotherAsync()
    {
        var order = Guid.NewGuid();
        await orders.SaveAsync(outbox => outbox.Publish(new OrderPlaced(order)));
        await orders.Work.DoneAsync(order);
    }

    private Task SendAsync(string queue, Guid id, Guid order) =>
        orders.Service.SendAsync(queue, id, queue == Orders.Queue ? new OrderPlaced(order) : (object)new OrderCancelled(order));

    /// <summary>Lets both deliveries go on once both are here, and ends when both are over.</summary>
    private async Task DeliverTwiceAtOnceAsync(string queue, Guid id, Guid order, TaskCompletionSource goOn)
    {
        await SendAsync(queue, id, order);
        await SendAsync(queue, id, order);
        await WaitForBothAsync(order);
        goOn.SetResult();
        await orders.Receipts.NextAsync(id);
        await orders.Receipts.NextAsync(id);
    }

    /// <summary>Whoever writes the message's inbox row first lets the second delivery wait for it; when it is written last, both are at work.</summary>
    private Task<bool> WaitForBothAsync(Guid order) => Eventually.GetAsync(
        async () => orders.Work.Tries(order) == 2 || await orders.CountAsync("pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query ILIKE '%inbox%'") == 1, both => both);
}

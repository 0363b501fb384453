using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests;

public sealed class InboxTests(OrdersFixture orders) : IClassFixture<OrdersFixture>
{
    [Fact]
    public async Task A_message_that_comes_twice_has_one_effect()
    {
        var (order, id) = (Guid.NewGuid(), MessageId.New(TimeProvider.System));
        for (var i = 0; i < 2; i++)
        {
            await orders.Service.SendAsync(Orders.Queue, id, new OrderPlaced(order));
            await orders.Receipts.NextAsync(id);
        }

        Assert.Equal(["taken as Paid"], await orders.EffectsAsync(order));
        Assert.Equal(1, orders.Work.Tries(order));
    }

    [Fact]
    public async Task A_message_that_comes_twice_at_once_has_one_effect()
    {
        var (order, id) = (Guid.NewGuid(), MessageId.New(TimeProvider.System));
        var bothAreHere = new TaskCompletionSource();
        orders.Work.On(order, _ => bothAreHere.Task);
        await orders.Service.SendAsync(Orders.Queue, id, new OrderPlaced(order));
        await orders.Service.SendAsync(Orders.Queue, id, new OrderPlaced(order));
        await WaitForBlockedDeliveryAsync();
        bothAreHere.SetResult();
        await orders.Receipts.NextAsync(id);
        await orders.Receipts.NextAsync(id);

        Assert.Equal(["taken as Paid"], await orders.EffectsAsync(order));
        Assert.Equal(1, orders.Work.Tries(order));
    }

    [Fact]
    public async Task When_the_first_of_two_deliveries_at_once_fails_the_second_has_the_effect()
    {
        var (order, id) = (Guid.NewGuid(), MessageId.New(TimeProvider.System));
        var bothAreHere = new TaskCompletionSource();
        orders.Work.On(order, async _ =>
        {
            await bothAreHere.Task;
            if (orders.Work.Tries(order) == 1)
                throw new InvalidOperationException("The first try fails.");
        });
        await orders.Service.SendAsync(Orders.Queue, id, new OrderPlaced(order));
        await orders.Service.SendAsync(Orders.Queue, id, new OrderPlaced(order));
        await WaitForBlockedDeliveryAsync();
        bothAreHere.SetResult();
        await orders.Receipts.NextAsync(id);
        await orders.Receipts.NextAsync(id);

        Assert.Equal(["taken as Paid"], await orders.EffectsAsync(order));
    }

    [Theory]
    [InlineData(-8)]
    [InlineData(3)]
    public async Task A_message_from_a_day_that_the_inbox_does_not_know_is_a_dead_letter(int days)
    {
        var sent = TimeProvider.System.GetUtcNow().AddDays(days);
        await AssertOutsideTheWindowAsync(Guid.CreateVersion7(sent));
    }

    [Fact]
    public Task A_message_whose_id_carries_no_time_is_a_dead_letter() => AssertOutsideTheWindowAsync(new Guid("ffffffff-ffff-4fff-bfff-ffffffffffff"));

    [Fact]
    public async Task A_message_of_the_oldest_day_has_its_effect()
    {
        var order = Guid.NewGuid();
        await orders.Service.SendAsync(Orders.Queue, Guid.CreateVersion7(TimeProvider.System.GetUtcNow().AddDays(-MessagingSchema.InboxDays)), new OrderPlaced(order));
        await orders.Work.DoneAsync(order);

        Assert.Equal(["taken as Paid"], await orders.EffectsAsync(order));
    }

    private async Task AssertOutsideTheWindowAsync(Guid id)
    {
        var order = Guid.NewGuid();
        await orders.Service.SendAsync(Orders.Queue, id, new OrderPlaced(order));
        var dead = await orders.Environment.WaitForMessageAsync($"{Orders.Queue}.dead", order);

        Assert.Equal("outside-inbox-window", dead.Properties.Header("failure-reason"));
        Assert.Empty(await orders.EffectsAsync(order));
    }

    /// <summary>The second delivery waits for what the first one's transaction becomes.</summary>
    private Task<int> WaitForBlockedDeliveryAsync() => Eventually.GetAsync(
        () => orders.CountAsync("pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO inbox%'"), blocked => blocked == 1);
}

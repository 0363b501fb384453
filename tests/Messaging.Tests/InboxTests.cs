using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests;

/// <summary>A consumer with one transaction, and one with one save.</summary>
public sealed class InboxTests(OrdersFixture orders) : IClassFixture<OrdersFixture>
{
    [Fact]
    public async Task A_consumer_that_works_for_long_before_it_saves_holds_no_connection()
    {
        var (order, id, working, goOn) = (Guid.NewGuid(), MessageId.New(TimeProvider.System), new TaskCompletionSource(), new TaskCompletionSource());
        orders.Work.On(order, async delivery =>
        {
            await delivery.Db.Effects.AnyAsync(effect => effect.OrderId == order);
            working.SetResult();
            await goOn.Task;
        });
        await SendAsync(Orders.Cancellations, id, order);
        await working.Task;
        // A backend that did its last statement a moment ago may still be on its way to idle.
        await Eventually.GetAsync(() => orders.CountAsync("pg_stat_activity WHERE datname = current_database() AND application_name = 'orders' AND state <> 'idle'"), busy => busy == 0);
        goOn.SetResult();
        await orders.Work.DoneAsync(order);
    }

    [Fact]
    public async Task A_duplicate_that_meets_a_row_of_the_first_delivery_before_the_inbox_row_is_a_duplicate()
    {
        var (order, id) = (Guid.NewGuid(), MessageId.New(TimeProvider.System));
        orders.Work.On(order, delivery =>
        {
            delivery.Db.Add(new Effect { Id = 1_000_000, OrderId = order, What = "with a key of its own" });
            return Task.CompletedTask;
        });
        for (var i = 0; i < 2; i++)
        {
            await SendAsync(Orders.Cancellations, id, order);
            await orders.Receipts.NextAsync(id);
        }

        Assert.Equal(["cancelled", "with a key of its own"], (await orders.EffectsAsync(order)).Order());
    }

    [Fact]
    public async Task A_message_whose_consumer_failed_after_its_save_has_one_effect()
    {
        var (order, id) = (Guid.NewGuid(), MessageId.New(TimeProvider.System));
        orders.Work.Afterwards(order, _ => throw new InvalidOperationException("Too late to fail."));
        await SendAsync(Orders.Cancellations, id, order);
        await orders.Receipts.NextAsync(id);

        Assert.Equal(["cancelled"], await orders.EffectsAsync(order));
        Assert.Equal(1, orders.Work.Tries(order));
    }

    [Fact]
    public async Task A_consumer_that_saves_twice_makes_a_dead_letter_that_says_what_to_do()
    {
        var order = Guid.NewGuid();
        orders.Work.Afterwards(order, delivery =>
        {
            delivery.Db.Add(new Effect { OrderId = order, What = "saved again" });
            return delivery.Db.SaveChangesAsync();
        });
        await SendAsync(Orders.Cancellations, MessageId.New(TimeProvider.System), order);
        var dead = await orders.Environment.WaitForMessageAsync($"{Orders.Cancellations}.dead", order);

        Assert.Equal("saved-twice", dead.Properties.Header("failure-reason"));
        Assert.Equal(["cancelled"], await orders.EffectsAsync(order));
    }

    [Fact]
    public async Task A_consumer_that_does_not_commit_what_it_saved_makes_a_dead_letter_that_says_what_to_do()
    {
        var order = Guid.NewGuid();
        orders.Work.On(order, async delivery =>
        {
            await using var transaction = await delivery.Db.Database.BeginTransactionAsync();
            delivery.Outbox.Publish(new OrderAccepted(order));
            await delivery.Db.SaveChangesAsync();
        });
        await SendAsync(Orders.Cancellations, MessageId.New(TimeProvider.System), order);
        var dead = await orders.Environment.WaitForMessageAsync($"{Orders.Cancellations}.dead", order);

        Assert.Equal("not-committed", dead.Properties.Header("failure-reason"));
        Assert.Empty(await orders.EffectsAsync(order));
    }

    [Fact]
    public async Task A_consumer_that_gave_up_a_transaction_without_changes_may_save_after_it()
    {
        var (order, id) = (Guid.NewGuid(), MessageId.New(TimeProvider.System));
        orders.Work.On(order, async delivery =>
        {
            await using var transaction = await delivery.Db.Database.BeginTransactionAsync();
        });
        for (var i = 0; i < 2; i++)
        {
            await SendAsync(Orders.Cancellations, id, order);
            await orders.Receipts.NextAsync(id);
        }

        Assert.Equal(["cancelled"], await orders.EffectsAsync(order));
    }

    [Theory]
    [InlineData("statement")]
    [InlineData("update")]
    [InlineData("lock")]
    public async Task A_consumer_that_changes_or_locks_by_statement_without_a_transaction_fails_and_says_what_to_do(string how)
    {
        var order = Guid.NewGuid();
        orders.Work.On(order, delivery => how switch
        {
            "statement" => delivery.Db.Database.ExecuteSqlAsync($"INSERT INTO effects (order_id, what) VALUES ({order}, 'by statement')"),
            "update" => delivery.Db.Effects.ExecuteUpdateAsync(set => set.SetProperty(effect => effect.What, "changed")),
            _ => delivery.Db.Effects.FromSql($"SELECT * FROM effects WHERE order_id = {order} FOR UPDATE").ToListAsync(),
        });
        await SendAsync(Orders.Cancellations, MessageId.New(TimeProvider.System), order);
        await orders.Environment.WaitForMessageAsync($"{Orders.Cancellations}.retry-10s", order);

        Assert.Empty(await orders.EffectsAsync(order));
        Assert.Contains(orders.Service.Logs.All, line => line.Message.Contains("tried again", StringComparison.Ordinal) && line.Message.Contains("call Database.BeginTransactionAsync before", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_consumer_that_has_nothing_to_write_has_had_its_message()
    {
        var (order, id) = (Guid.NewGuid(), MessageId.New(TimeProvider.System));
        await orders.Service.SendAsync("orders-order-accepted", id, new OrderAccepted(order));
        await orders.Receipts.NextAsync(id);

        Assert.Equal(1, await orders.CountAsync($"inbox WHERE message_id = '{id}' AND consumer = 'orders-order-accepted'"));
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
        await SendAsync(Orders.Queue, Guid.CreateVersion7(TimeProvider.System.GetUtcNow().AddDays(-MessagingSchema.InboxDays)), order);
        await orders.Work.DoneAsync(order);

        Assert.Equal(["taken as Paid"], await orders.EffectsAsync(order));
    }

    private Task SendAsync(string queue, Guid id, Guid order) =>
        orders.Service.SendAsync(queue, id, queue == Orders.Queue ? new OrderPlaced(order) : (object)new OrderCancelled(order));

    private async Task AssertOutsideTheWindowAsync(Guid id)
    {
        var order = Guid.NewGuid();
        await SendAsync(Orders.Queue, id, order);
        var dead = await orders.Environment.WaitForMessageAsync($"{Orders.Queue}.dead", order);

        Assert.Equal("outside-inbox-window", dead.Properties.Header("failure-reason"));
        Assert.Empty(await orders.EffectsAsync(order));
    }
}

using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests;

/// <summary>Rows of one order key leave in the order of their commits, whoever sends them.</summary>
public sealed class OrderKeyTests(OrdersFixture orders) : IClassFixture<OrdersFixture>
{
    [Fact]
    public async Task With_two_relays_the_rows_of_each_key_leave_in_the_order_of_their_commits()
    {
        await using var second = await Orders.StartAsync(orders.Environment, new Work());
        await orders.Service.DeclareQueueAsync("sequence");
        var sent = new Dictionary<string, List<Guid>> { ["a"] = [], ["b"] = [], ["c"] = [] };
        for (var i = 0; i < 25; i++)
        {
            foreach (var (key, ids) in sent)
            {
                ids.Add(Guid.NewGuid());
                await orders.SaveAsync(outbox => outbox.Send("sequence", new OrderPlaced(ids[^1]), orderKey: key));
            }
        }
        // Looked at once, when all are there: whoever looks takes the messages out and gives them back, and others may come in between.
        await Eventually.GetAsync(() => orders.CountAsync("outbox WHERE routing_key = 'sequence'"), left => left == 0);
        var messages = await orders.Environment.PeekAsync("sequence");

        Assert.Equal(75, messages.Count);
        foreach (var ids in sent.Values)
            Assert.Equal(ids, messages.SelectMany(message => ids.Where(id => message.Payload.Contains(id.ToString(), StringComparison.Ordinal))));
    }

    [Fact]
    public async Task A_row_that_cannot_be_sent_delays_later_rows_of_its_key_and_no_other()
    {
        Guid[] ids = [.. Enumerable.Range(0, 4).Select(_ => Guid.NewGuid())];
        await orders.Service.DeclareQueueAsync("others");
        await orders.SaveAsync(outbox => outbox.Send("not-yet", new OrderPlaced(ids[0]), orderKey: "stuck"));
        await orders.SaveAsync(outbox => outbox.Send("others", new OrderPlaced(ids[1]), orderKey: "stuck"));
        await orders.SaveAsync(outbox => outbox.Send("others", new OrderPlaced(ids[2]), orderKey: "free"));
        await orders.SaveAsync(outbox => outbox.Send("others", new OrderPlaced(ids[3])));
        await orders.Environment.WaitForMessageAsync("others", ids[2]);
        await orders.Environment.WaitForMessageAsync("others", ids[3]);
        await Eventually.GetAsync(() => orders.CountAsync("outbox WHERE order_key = 'stuck' AND last_error IS NOT NULL"), failed => failed == 1);
        Assert.Equal(2, (await orders.Environment.PeekAsync("others")).Count);

        await orders.Service.DeclareQueueAsync("not-yet");
        await orders.Environment.WaitForMessageAsync("not-yet", ids[0]);
        await orders.Environment.WaitForMessageAsync("others", ids[1]);
    }

    [Fact]
    public async Task A_row_that_was_given_up_lets_the_later_ones_of_its_key_pass()
    {
        var (dead, next) = (Guid.NewGuid(), Guid.NewGuid());
        await orders.Service.DeclareQueueAsync("passed");
        await orders.SaveAsync(outbox => outbox.Send("gone", new OrderPlaced(dead), orderKey: "dead"));
        await orders.SaveAsync(outbox => outbox.Send("passed", new OrderPlaced(next), orderKey: "dead"));
        await Eventually.GetAsync(() => orders.CountAsync("outbox WHERE order_key = 'dead' AND attempts > 0"), tried => tried == 1);
        await orders.Environment.QueryAsync<int>(Orders.Name, "UPDATE outbox SET attempts = $1, deliver_at = now() WHERE order_key = 'dead' AND attempts > 0 RETURNING 1", NextTry.MaxAttempts - 1);

        await orders.Environment.WaitForMessageAsync("passed", next);
    }

    [Fact]
    public async Task A_transaction_that_publishes_for_a_key_waits_for_the_one_that_did_before_and_comes_after_it()
    {
        var (first, second) = (Guid.NewGuid(), Guid.NewGuid());
        await orders.Service.DeclareQueueAsync("turns");
        await using var scope = orders.Service.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<OrdersDb>();
        await using var transaction = await db.Database.BeginTransactionAsync();
        scope.ServiceProvider.GetRequiredService<Outbox<OrdersDb>>().Send("turns", new OrderPlaced(first), orderKey: "turns");
        await db.SaveChangesAsync();

        var other = orders.SaveAsync(outbox => outbox.Send("turns", new OrderPlaced(second), orderKey: "turns"));
        await Eventually.GetAsync(() => orders.CountAsync("pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'"), waiting => waiting == 1);
        await transaction.CommitAsync();
        await other;
        await Eventually.GetAsync(() => orders.CountAsync("outbox WHERE routing_key = 'turns'"), left => left == 0);
        var messages = await orders.Environment.PeekAsync("turns");

        Assert.Contains(first.ToString(), messages[0].Payload, StringComparison.Ordinal);
        Assert.Contains(second.ToString(), messages[1].Payload, StringComparison.Ordinal);
    }
}

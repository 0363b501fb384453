using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.ServiceDefaults.Steps;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests;

/// <summary>An event whose exchange nobody declared.</summary>
public sealed record OrderLost(Guid OrderId);

public sealed class UnroutableTests(OrdersFixture orders) : IClassFixture<OrdersFixture>
{
    [Theory]
    [InlineData("No queue takes messages of exchange '' with routing key 'nowhere'.")]
    [InlineData("NOT_FOUND - no exchange 'order-lost' in vhost")]
    [InlineData("The message cannot be written")]
    public async Task A_message_that_cannot_be_sent_waits_with_its_reason_and_delays_no_other(string reason)
    {
        var before = NewOrders();
        var after = NewOrders();
        var lost = Guid.NewGuid();
        await orders.SaveAsync(outbox =>
        {
            Publish(outbox, before);
            if (reason.StartsWith("No queue", StringComparison.Ordinal))
                outbox.Send("nowhere", new OrderLost(lost));
            else if (reason.StartsWith("NOT_FOUND", StringComparison.Ordinal))
                outbox.Publish(new OrderLost(lost));
            else
                outbox.Send(new string('q', 300), new OrderLost(lost));
            Publish(outbox, after);
        });
        await Task.WhenAll(before.Concat(after).Select(orders.Work.DoneAsync));

        // In company a row may be put back, untried, for a fault that is not its own.
        await Eventually.GetAsync(() => PendingAsync<int>("attempts", lost), attempts => attempts is [>= 1]);
        Assert.StartsWith(reason, (await PendingAsync<string>("last_error", lost))[0], StringComparison.Ordinal);
        Assert.Contains(orders.Service.Logs.All, line => line.Level == LogLevel.Warning && line.Message.Contains(reason, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_message_leaves_when_its_queue_is_declared_after_all()
    {
        var order = Guid.NewGuid();
        await orders.SaveAsync(outbox => outbox.Send("late", new OrderLost(order)));
        await Eventually.GetAsync(() => PendingAsync<int>("attempts", order), attempts => attempts is [> 0]);
        await orders.Service.DeclareQueueAsync("late");
        await orders.Environment.WaitForMessageAsync("late", order);

        await Eventually.GetAsync(() => PendingAsync<int>("attempts", order), attempts => attempts.Count == 0);
    }

    [Fact]
    public async Task A_message_that_nobody_takes_is_given_up_after_the_last_try_and_sent_when_somebody_says_so()
    {
        var order = Guid.NewGuid();
        await orders.SaveAsync(outbox => outbox.Send("never", new OrderLost(order)));
        await Eventually.GetAsync(() => PendingAsync<int>("attempts", order), attempts => attempts is [> 0]);
        await orders.Environment.QueryAsync<int>(Orders.Name, "UPDATE outbox SET attempts = $1, deliver_at = now() WHERE routing_key = 'never' RETURNING 1", NextTry.MaxAttempts - 1);
        await Eventually.GetAsync(() => PendingAsync<bool>("deliver_at = 'infinity'", order), dead => dead is [true]);

        Assert.Equal([NextTry.MaxAttempts], await PendingAsync<int>("attempts", order));
        Assert.Contains(orders.Service.Logs.All, line => line.Level == LogLevel.Error && line.Message.Contains("is given up after 12 tries", StringComparison.Ordinal));

        await orders.Service.DeclareQueueAsync("never");
        await orders.Service.Services.GetServices<Step>().Single(step => step.Name == "resend").RunAsync(orders.Service.Services, CancellationToken.None);
        await orders.Environment.WaitForMessageAsync("never", order);
    }

    private Task<List<T>> PendingAsync<T>(string column, Guid order) =>
        orders.Environment.QueryAsync<T>(Orders.Name, $"SELECT {column} FROM outbox WHERE convert_from(body, 'UTF8') LIKE $1", $"%{order}%");

    private static Guid[] NewOrders() => [.. Enumerable.Range(0, 30).Select(_ => Guid.NewGuid())];

    private static void Publish(Outbox<OrdersDb> outbox, Guid[] ids)
    {
        foreach (var id in ids)
            outbox.Publish(new OrderPlaced(id));
    }
}

using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests;

public sealed class TraceTests(OrdersFixture orders) : IClassFixture<OrdersFixture>
{
    [Fact]
    public async Task A_request_and_all_that_follows_from_it_are_one_trace()
    {
        var order = Guid.NewGuid();
        orders.Work.On(order, AcceptAsync);
        (await orders.Client.PostAsync($"/orders/{order}", null)).EnsureSuccessStatusCode();
        await orders.Work.AcceptedAsync(order);

        Assert.Equal(TraceOf($"Order {order} is placed"), TraceOf($"Order {order} is accepted"));
    }

    [Fact]
    public async Task A_message_that_is_tried_again_and_one_that_is_dead_keep_their_trace()
    {
        var (again, dead) = (Guid.NewGuid(), Guid.NewGuid());
        orders.Work.On(again, _ => throw new InvalidOperationException("Not yet."));
        orders.Work.On(dead, _ => throw new PermanentException("no", "Never."));
        foreach (var order in (Guid[])[again, dead])
            (await orders.Client.PostAsync($"/orders/{order}", null)).EnsureSuccessStatusCode();
        var waiting = await orders.Environment.WaitForMessageAsync($"{Orders.Queue}.retry-10s", again);
        var letter = await orders.Environment.WaitForMessageAsync($"{Orders.Queue}.dead", dead);

        Assert.Contains(TraceOf($"Order {again} is placed"), waiting.Properties.Header("MT-Activity-Id"), StringComparison.Ordinal);
        Assert.Contains(TraceOf($"Order {dead} is placed"), letter.Properties.Header("MT-Activity-Id"), StringComparison.Ordinal);
        Assert.Equal(TraceOf($"Order {dead} is placed"), letter.Properties.Header("failure-trace-id"));
    }

    private static async Task AcceptAsync(Delivery delivery)
    {
        var order = delivery.Db.ChangeTracker.Entries<Effect>().Single().Entity.OrderId;
        delivery.Outbox.Publish(new OrderAccepted(order));
        await delivery.Db.SaveChangesAsync();
    }

    private string TraceOf(string message)
    {
        var trace = orders.Service.Logs.All.Single(line => line.Message == message).TraceId;
        Assert.NotNull(trace);
        return trace;
    }
}

namespace PhotoPlatform.Messaging.Tests;

/// <summary>Apart from the other tests of retries, because it waits for the broker's clock: 10 s.</summary>
public sealed class RetryDelayTests(OrdersFixture orders) : IClassFixture<OrdersFixture>
{
    [Fact]
    public async Task A_message_comes_back_from_its_rung_and_has_one_effect()
    {
        var order = Guid.NewGuid();
        orders.Work.On(order, _ => orders.Work.Tries(order) < 4 ? throw new InvalidOperationException("Not yet.") : Task.CompletedTask);
        await orders.SaveAsync(outbox => outbox.Publish(new OrderPlaced(order)));
        await orders.Work.DoneAsync(order);

        Assert.Equal(4, orders.Work.Tries(order));
        Assert.Equal(["taken as Paid"], await orders.EffectsAsync(order));
        Assert.Contains(orders.Service.Logs.All, line => line.Message.Contains("failed and is tried again in 10s: Not yet.", StringComparison.Ordinal));
    }
}

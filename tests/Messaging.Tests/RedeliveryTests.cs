using PhotoPlatform.Messaging.Consuming;
using PhotoPlatform.Messaging.Tests.DeadLetters;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests;

public sealed class RedeliveryTests
{
    private readonly Work _work = new();

    [Fact]
    public async Task A_message_that_was_never_acknowledged_ten_times_is_a_dead_letter_and_its_owner_is_told()
    {
        await using var environment = await TestEnvironment.CreateAsync();
        await using var bus = await TestBus.ConnectAsync(environment);
        await using (await Shipping.StartAsync(environment, _work))
        {
            // A worker that has taken a message has come up, and lets go of its queue when it ends.
            var first = Guid.NewGuid();
            await bus.SendAsync(Shipping.Queue, new ShipOrder(first));
            await _work.DoneAsync(first);
        }
        var failed = await bus.ListenAsync<ShippingFailed>();
        var order = Guid.NewGuid();
        await bus.SendAsync(Shipping.Queue, new ShipOrder(order));
        await environment.ReturnAsync(Shipping.Queue, ConsumerEndpoint.MaxRedeliveries);

        await using var worker = await Shipping.StartAsync(environment, _work);
        var notice = await failed.NextAsync();

        Assert.Equal(new ShippingFailed(order, "too-many-deliveries"), notice.Message);
        var dead = await environment.WaitForMessageAsync($"{Shipping.Queue}.dead", order);
        Assert.Equal("too-many-deliveries", dead.Properties.Header("failure-reason"));
        Assert.Equal(0, _work.Tries(order));
    }
}

using PhotoPlatform.Messaging.Consuming;
using PhotoPlatform.Testing;
using RabbitMQ.Client;

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
        await ReturnAsync(environment, ConsumerEndpoint.MaxRedeliveries);

        await using var worker = await Shipping.StartAsync(environment, _work);
        var notice = await failed.NextAsync();

        Assert.Equal(new ShippingFailed(order, "too-many-deliveries"), notice.Message);
        var dead = await environment.WaitForMessageAsync($"{Shipping.Queue}.dead", order);
        Assert.Equal("too-many-deliveries", dead.Properties.Header("failure-reason"));
        Assert.Equal(0, _work.Tries(order));
    }

    /// <summary>Takes the message and gives it back, as the broker does for a process that dies with it.</summary>
    private static async Task ReturnAsync(TestEnvironment environment, int times)
    {
        await using var connection = await new ConnectionFactory { Uri = new Uri(environment.Bus) }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        for (var i = 0; i < times; i++)
        {
            var taken = await Eventually.GetAsync(() => channel.BasicGetAsync(Shipping.Queue, autoAck: false), message => message is not null);
            await channel.BasicNackAsync(taken!.DeliveryTag, multiple: false, requeue: true);
        }
    }
}

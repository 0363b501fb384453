using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using PhotoPlatform.Messaging.Consuming;
using PhotoPlatform.ServiceDefaults.Steps;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests;

public sealed class TopologyTests(OrdersFixture orders) : IClassFixture<OrdersFixture>
{
    [Fact]
    public async Task A_queue_is_durable_limits_deliveries_and_dead_letters_at_least_once() => Assert.Equal(
        [
            ("x-dead-letter-exchange", ""),
            ("x-dead-letter-routing-key", $"{Orders.Queue}.dead"),
            ("x-dead-letter-strategy", "at-least-once"),
            ("x-delivery-limit", "20"),
            ("x-overflow", "reject-publish"),
            ("x-queue-type", "quorum"),
        ],
        await ArgumentsAsync(Orders.Queue));

    [Theory]
    [InlineData("10s", 10)]
    [InlineData("1m", 60)]
    [InlineData("10m", 600)]
    [InlineData("1h", 3600)]
    public async Task A_rung_gives_messages_back_to_their_queue_after_its_delay(string rung, int seconds) => Assert.Equal(
        [
            ("x-dead-letter-exchange", ""),
            ("x-dead-letter-routing-key", Orders.Queue),
            ("x-dead-letter-strategy", "at-least-once"),
            ("x-message-ttl", $"{seconds}000"),
            ("x-overflow", "reject-publish"),
            ("x-queue-type", "quorum"),
        ],
        await ArgumentsAsync($"{Orders.Queue}.retry-{rung}"));

    [Fact]
    public async Task Dead_letters_stay_until_somebody_takes_them() => Assert.Equal([("x-queue-type", "quorum")], await ArgumentsAsync($"{Orders.Queue}.dead"));

    [Fact]
    public async Task Each_consumer_has_these_queues_and_the_broker_a_catalogue_of_them()
    {
        var consumed = orders.Service.Services.GetServices<ConsumerEndpoint>().Select(endpoint => endpoint.Queue);
        Assert.Equal(
            consumed.SelectMany(queue => new[] { queue, $"{queue}.dead", $"{queue}.retry-10m", $"{queue}.retry-10s", $"{queue}.retry-1h", $"{queue}.retry-1m" }).Append("dead-letters.catalogue").Order(StringComparer.Ordinal),
            (await NamesAsync()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Declaring_again_changes_nothing_and_the_consumer_goes_on()
    {
        var before = await NamesAsync();
        var declare = orders.Service.Services.GetServices<Step>().Single(step => step.Name == "declare");
        await Task.WhenAll(declare.RunAsync(orders.Service.Services, CancellationToken.None), declare.RunAsync(orders.Service.Services, CancellationToken.None));
        var order = Guid.NewGuid();
        await orders.SaveAsync(outbox => outbox.Publish(new OrderPlaced(order)));
        await orders.Work.DoneAsync(order);

        Assert.Equal(before, await NamesAsync());
        Assert.DoesNotContain(orders.Service.Logs.All, line => line.Message.Contains("PRECONDITION_FAILED", StringComparison.Ordinal) || line.Exception?.Message.Contains("PRECONDITION_FAILED", StringComparison.Ordinal) == true);
    }

    private async Task<List<string>> NamesAsync() => [.. (await orders.Environment.QueuesAsync()).Select(queue => queue.Name).Order()];

    private async Task<List<(string, string)>> ArgumentsAsync(string name)
    {
        var queue = (await orders.Environment.QueuesAsync()).Single(queue => queue.Name == name);
        return [.. queue.Arguments.Select(argument => (argument.Key, Text(argument.Value))).OrderBy(argument => argument.Key, StringComparer.Ordinal)];
    }

    private static string Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
}

using System.Text;
using System.Text.Json;
using PhotoPlatform.Messaging.Broker;
using PhotoPlatform.Messaging.Retry;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests;

public sealed class RetryTests(OrdersFixture orders) : IClassFixture<OrdersFixture>
{
    private const string Dead = $"{Orders.Queue}.dead";

    [Fact]
    public async Task A_consumer_that_fails_twice_and_then_succeeds_has_one_effect()
    {
        var order = Guid.NewGuid();
        orders.Work.On(order, _ => orders.Work.Tries(order) < 3 ? throw new InvalidOperationException("Not yet.") : Task.CompletedTask);
        await SendAsync(order);
        await orders.Work.DoneAsync(order);

        Assert.Equal(3, orders.Work.Tries(order));
        Assert.Equal(["taken as Paid"], await orders.EffectsAsync(order));
    }

    [Fact]
    public async Task A_consumer_that_goes_on_failing_sends_its_message_to_the_first_rung()
    {
        var order = Guid.NewGuid();
        orders.Work.On(order, _ => throw new InvalidOperationException("Never."));
        await SendAsync(order);
        var waiting = await orders.Environment.WaitForMessageAsync($"{Orders.Queue}.retry-10s", order);

        Assert.Equal("1", waiting.Properties.Header("retry-rung"));
        Assert.Equal(RetryPolicy.Default.ImmediateTries, orders.Work.Tries(order));
        Assert.Empty(await orders.EffectsAsync(order));
    }

    [Theory]
    [InlineData(1, "1m")]
    [InlineData(2, "10m")]
    [InlineData(3, "1h")]
    public async Task Each_round_of_failures_sends_a_message_one_rung_further(int rung, string next)
    {
        var order = Guid.NewGuid();
        orders.Work.On(order, _ => throw new InvalidOperationException("Never."));
        await SendAsync(order, rung);
        var waiting = await orders.Environment.WaitForMessageAsync($"{Orders.Queue}.retry-{next}", order);

        Assert.Equal($"{rung + 1}", waiting.Properties.Header("retry-rung"));
    }

    [Fact]
    public async Task A_message_that_fails_after_the_last_rung_is_a_dead_letter_with_its_story()
    {
        var order = Guid.NewGuid();
        orders.Work.On(order, _ => throw new InvalidOperationException("Never ever."));
        await SendAsync(order, RetryPolicy.Default.Rungs.Count);
        var dead = await orders.Environment.WaitForMessageAsync(Dead, order);

        Assert.Equal("retries-exhausted", dead.Properties.Header("failure-reason"));
        Assert.Equal("System.InvalidOperationException: Never ever.", dead.Properties.Header("failure-exception"));
        Assert.Equal("15", dead.Properties.Header("failure-attempts"));
        Assert.Equal(Orders.Queue, dead.Properties.Header("failure-queue"));
        Assert.Equal(32, dead.Properties.Header("failure-trace-id")?.Length);
        Assert.Matches("^[0-9a-f]{8}$", dead.Properties.Header("failure-stack-hash"));
        Assert.Equal("", dead.Properties.Header("original-exchange"));
        Assert.True(DateTimeOffset.TryParse(dead.Properties.Header("failure-at"), out _));
    }

    [Fact]
    public async Task A_permanent_failure_goes_straight_to_the_dead_letters()
    {
        var order = Guid.NewGuid();
        orders.Work.On(order, _ => throw new PermanentException("sold-out", "There is none left.", new TimeoutException()));
        await SendAsync(order);
        var dead = await orders.Environment.WaitForMessageAsync(Dead, order);

        Assert.Equal("sold-out", dead.Properties.Header("failure-reason"));
        Assert.Equal("PhotoPlatform.Messaging.PermanentException: There is none left.", dead.Properties.Header("failure-exception"));
        Assert.Equal("1", dead.Properties.Header("failure-attempts"));
        Assert.Equal(1, orders.Work.Tries(order));
    }

    [Fact]
    public async Task A_permanent_failure_of_a_later_try_has_the_number_of_that_try()
    {
        var order = Guid.NewGuid();
        orders.Work.On(order, _ => orders.Work.Tries(order) == 1 ? throw new TimeoutException() : throw new PermanentException("sold-out", "There is none left."));
        await SendAsync(order);
        var dead = await orders.Environment.WaitForMessageAsync(Dead, order);

        Assert.Equal("2", dead.Properties.Header("failure-attempts"));
    }

    [Fact]
    public async Task A_call_that_times_out_in_a_consumer_is_tried_again_like_any_failure()
    {
        var order = Guid.NewGuid();
        orders.Work.On(order, _ => orders.Work.Tries(order) == 1 ? throw new TaskCanceledException("The request was canceled.") : Task.CompletedTask);
        await SendAsync(order);
        await orders.Work.DoneAsync(order);

        Assert.Equal(2, orders.Work.Tries(order));
    }

    [Fact]
    public async Task A_body_that_is_no_envelope_is_a_dead_letter()
    {
        var order = Guid.NewGuid();
        await SendAsync(order, Encoding.UTF8.GetBytes($"{order} is no JSON"));
        await AssertDeadAsync(order, "unreadable");
    }

    [Fact]
    public async Task A_message_with_a_field_of_the_wrong_type_is_a_dead_letter()
    {
        var order = Guid.NewGuid();
        await SendAsync(order, Envelope("OrderPlaced", $$"""{ "orderId": 7, "note": "{{order}}" }"""));
        await AssertDeadAsync(order, "unreadable");
    }

    [Fact]
    public async Task A_message_of_an_unknown_type_is_a_dead_letter()
    {
        var order = Guid.NewGuid();
        await SendAsync(order, Envelope("OrderPainted", $$"""{ "orderId": "{{order}}" }"""));
        await AssertDeadAsync(order, "no-consumer");
    }

    [Fact]
    public async Task A_message_with_unknown_fields_has_its_effect()
    {
        var order = Guid.NewGuid();
        await SendAsync(order, Envelope("OrderPlaced", $$"""{ "orderId": "{{order}}", "colour": "green" }"""));
        await orders.Work.DoneAsync(order);
    }

    [Fact]
    public async Task A_json_error_of_a_consumer_is_no_unreadable_message()
    {
        var order = Guid.NewGuid();
        orders.Work.On(order, _ => throw new JsonException("Another service sent nonsense."));
        await SendAsync(order);
        await orders.Environment.WaitForMessageAsync($"{Orders.Queue}.retry-10s", order);
    }

    [Fact]
    public async Task No_error_or_skipped_queues_of_the_bus_exist()
    {
        var order = Guid.NewGuid();
        await SendAsync(order);
        await orders.Work.DoneAsync(order);

        Assert.DoesNotContain(await orders.Environment.QueuesAsync(), queue => queue.Name.EndsWith("_error", StringComparison.Ordinal) || queue.Name.EndsWith("_skipped", StringComparison.Ordinal));
    }

    private Task SendAsync(Guid order, int rung = 0) => orders.Service.SendAsync(
        Orders.Queue, MessageId.New(TimeProvider.System), new OrderPlaced(order), rung == 0 ? null : new Dictionary<string, object?> { [FailureHeaders.Rung] = rung });

    private Task SendAsync(Guid order, byte[] body) => orders.Service.SendAsync(new OutgoingMessage(order, "", Orders.Queue, body, null));

    private static byte[] Envelope(string type, string message) => Encoding.UTF8.GetBytes(
        $$"""{ "messageId": "{{MessageId.New(TimeProvider.System)}}", "messageType": ["urn:message:PhotoPlatform.Messaging.Tests:{{type}}"], "message": {{message}} }""");

    private async Task AssertDeadAsync(Guid order, string reason)
    {
        var dead = await orders.Environment.WaitForMessageAsync(Dead, order);
        Assert.Equal(reason, dead.Properties.Header("failure-reason"));
        Assert.Equal(0, orders.Work.Tries(order));
    }
}

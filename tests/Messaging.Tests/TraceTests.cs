using System.Collections.Concurrent;
using System.Diagnostics;
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
    public async Task The_spans_of_the_request_the_relay_and_the_consumer_are_each_the_parent_of_the_next()
    {
        var spans = new ConcurrentBag<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "PhotoPlatform.Messaging" or "MassTransit" or "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Add,
        };
        ActivitySource.AddActivityListener(listener);
        var order = Guid.NewGuid();
        (await orders.Client.PostAsync($"/orders/{order}", null)).EnsureSuccessStatusCode();
        await orders.Work.DoneAsync(order);
        var trace = TraceOf($"Order {order} is placed");
        var chain = await Eventually.GetAsync(() => Task.FromResult(spans.Where(span => span.TraceId.ToHexString() == trace).ToList()), found => found.Exists(span => IsChildOfRelay(found, span)));
        var relay = chain.Single(span => span.Source.Name == "PhotoPlatform.Messaging");

        Assert.Equal(ActivityKind.Producer, relay.Kind);
        Assert.Contains(chain, span => span.Source.Name == "Microsoft.AspNetCore" && span.SpanId == relay.ParentSpanId);
        Assert.Contains(chain, span => IsChildOfRelay(chain, span));

        static bool IsChildOfRelay(List<Activity> spans, Activity span) =>
            span is { Kind: ActivityKind.Consumer, Source.Name: "MassTransit" } && spans.Exists(relay => relay.Source.Name == "PhotoPlatform.Messaging" && relay.SpanId == span.ParentSpanId);
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

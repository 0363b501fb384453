using System.Globalization;
using PhotoPlatform.Messaging.Retry;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests;

/// <summary>Consumers with a retry policy of their own, on the broker's clock.</summary>
public sealed class RetryPerConsumerTests
{
    private readonly Work _work = new();
    private readonly Guid _order = Guid.NewGuid();

    [Fact]
    public async Task A_message_that_always_fails_is_tried_as_often_as_its_ladder_says_and_not_once_more()
    {
        var policy = new RetryPolicy(2, TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(300));
        await using var environment = await TestEnvironment.CreateAsync();
        await using var bus = await TestBus.ConnectAsync(environment);
        await using (await Packing.StartAsync(environment, _work, policy))
        {
            _work.On(_order, _ => throw new InvalidOperationException("Never."));
            await bus.SendAsync(Packing.Queue, new PackOrder(_order));
            await environment.WaitForMessageAsync($"{Packing.Queue}.dead", _order);
        }

        var dead = Assert.Single(await environment.PeekAsync($"{Packing.Queue}.dead"));
        Assert.Equal(8, policy.MaxTries);
        Assert.Equal(policy.MaxTries, _work.Tries(_order));
        Assert.Equal("8", dead.Properties.Header("failure-attempts"));
        Assert.Equal("3", dead.Properties.Header("retry-rung"));
        Assert.Equal("retries-exhausted", dead.Properties.Header("failure-reason"));
        Assert.True(Time("failure-at") - Time("failure-first-at") > TimeSpan.FromMilliseconds(700));

        DateTimeOffset Time(string header) => DateTimeOffset.Parse(dead.Properties.Header(header)!, CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task A_dead_letter_knows_the_exchange_it_came_from_although_it_was_on_a_rung()
    {
        await using var environment = await TestEnvironment.CreateAsync();
        await using var bus = await TestBus.ConnectAsync(environment);
        await using var worker = await Packing.StartAsync(environment, _work, new RetryPolicy(1, TimeSpan.FromMilliseconds(100)));
        _work.On(_order, _ => throw new InvalidOperationException("Never."));
        await bus.PublishAsync(new OrderPlaced(_order));
        var dead = await environment.WaitForMessageAsync("packing-order-placed.dead", _order);

        Assert.Equal("1", dead.Properties.Header("retry-rung"));
        Assert.Equal("order-placed", dead.Properties.Header("original-exchange"));
    }

    [Fact]
    public async Task A_message_that_waits_on_its_rung_keeps_no_other_from_the_only_prefetch_slot()
    {
        await using var environment = await TestEnvironment.CreateAsync();
        await using var bus = await TestBus.ConnectAsync(environment);
        await using var worker = await Packing.StartAsync(environment, _work, new RetryPolicy(1, TimeSpan.FromHours(1)));
        _work.On(_order, _ => throw new InvalidOperationException("Not yet."));
        await bus.SendAsync(Packing.Queue, new PackOrder(_order));
        await environment.WaitForMessageAsync($"{Packing.Queue}.retry-1h", _order);
        var others = Enumerable.Range(0, 10).Select(_ => Guid.NewGuid()).ToArray();
        foreach (var other in others)
            await bus.SendAsync(Packing.Queue, new PackOrder(other));
        await Task.WhenAll(others.Select(_work.DoneAsync));

        Assert.Equal(1, _work.Tries(_order));
    }

    [Fact]
    public async Task An_exception_that_the_policy_calls_permanent_goes_straight_to_the_dead_letters()
    {
        await using var environment = await TestEnvironment.CreateAsync();
        await using var bus = await TestBus.ConnectAsync(environment);
        await using var worker = await Packing.StartAsync(environment, _work, new RetryPolicy(3, TimeSpan.FromHours(1)) { Permanent = [typeof(ArgumentException)] });
        _work.On(_order, _ => throw new InvalidOperationException("Around it.", new ArgumentOutOfRangeException("weight")));
        await bus.SendAsync(Packing.Queue, new PackOrder(_order));
        var dead = await environment.WaitForMessageAsync($"{Packing.Queue}.dead", _order);

        Assert.Equal("argument-out-of-range-exception", dead.Properties.Header("failure-reason"));
        Assert.Equal("1", dead.Properties.Header("failure-attempts"));
        Assert.Equal(1, _work.Tries(_order));
    }
}

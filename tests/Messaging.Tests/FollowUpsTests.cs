using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using PhotoPlatform.Messaging.Consuming;
using PhotoPlatform.Messaging.Retry;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests;

public sealed class FollowUpsTests(ShippingFixture shipping) : IClassFixture<ShippingFixture>
{
    private readonly Guid _order = Guid.NewGuid();
    private readonly Guid _id = MessageId.New(TimeProvider.System);

    [Fact]
    public async Task What_a_consumer_publishes_is_with_the_broker_before_its_message_is_acknowledged()
    {
        await shipping.Worker.DeclareQueueAsync("told", takes: typeof(OrderShipped));
        var told = new TaskCompletionSource<QueuedMessage>();
        shipping.Work.On(_order, async delivery =>
        {
            await delivery.FollowUps.PublishAsync(new OrderShipped(_order, 1), CancellationToken.None);
            told.SetResult((await shipping.Environment.PeekAsync("told")).Single(message => message.Payload.Contains(_order.ToString(), StringComparison.Ordinal)));
        });
        await SendAsync();

        Assert.Equal(MessageId.FollowUp(_id, Shipping.Queue, 0), IdOf(await told.Task));
        await shipping.Work.DoneAsync(_order);
    }

    [Fact]
    public async Task A_consumer_that_fails_after_publishing_repeats_the_same_ids()
    {
        await shipping.Worker.DeclareQueueAsync("repeated", takes: typeof(OrderShipped));
        shipping.Work.On(_order, async delivery =>
        {
            await delivery.FollowUps.PublishAsync(new OrderShipped(_order, 1), CancellationToken.None);
            await delivery.FollowUps.PublishAsync(new OrderShipped(_order, 2), CancellationToken.None);
            if (shipping.Work.Tries(_order) == 1)
                throw new InvalidOperationException("After publishing.");
        });
        await SendAsync();
        await shipping.Work.DoneAsync(_order);

        var ids = (await shipping.Environment.PeekAsync("repeated")).Where(message => message.Payload.Contains(_order.ToString(), StringComparison.Ordinal)).Select(IdOf);
        var (first, second) = (MessageId.FollowUp(_id, Shipping.Queue, 0), MessageId.FollowUp(_id, Shipping.Queue, 1));
        Assert.Equal([first, second, first, second], ids);
    }

    [Fact]
    public async Task A_dead_command_is_told_of_once_with_an_id_made_from_its_own()
    {
        await shipping.Worker.DeclareQueueAsync("failed", takes: typeof(ShippingFailed));
        shipping.Work.On(_order, _ => throw new InvalidOperationException("Never."));
        await SendAsync(RetryPolicy.Default.Rungs.Count);
        await shipping.Environment.WaitForMessageAsync($"{Shipping.Queue}.dead", _order);
        var notice = await shipping.Environment.WaitForMessageAsync("failed", _order);

        Assert.Equal(MessageId.FollowUp(_id, $"{Shipping.Queue}.dead", 0), IdOf(notice));
        Assert.Contains("retries-exhausted", notice.Payload, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Publishing_outside_a_consumer_is_an_error_that_says_what_to_do()
    {
        await using var scope = shipping.Worker.Services.CreateAsyncScope();
        var followUps = scope.ServiceProvider.GetRequiredService<FollowUps>();

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => followUps.PublishAsync(new OrderShipped(_order, 1), CancellationToken.None));
        Assert.Contains("Outbox", error.Message, StringComparison.Ordinal);
    }

    private Task SendAsync(int rung = 0) => shipping.Worker.SendAsync(Shipping.Queue, _id, new ShipOrder(_order), new Dictionary<string, object?> { [FailureHeaders.Rung] = rung });

    private static Guid IdOf(QueuedMessage message) => JsonDocument.Parse(message.Payload).RootElement.GetProperty("messageId").GetGuid();
}

/// <summary>Where nobody takes what the worker says.</summary>
public sealed class UntakenFollowUpsTests(ShippingFixture shipping) : IClassFixture<ShippingFixture>
{
    private readonly Guid _order = Guid.NewGuid();

    [Fact]
    public async Task What_nobody_takes_fails_the_consumer()
    {
        shipping.Work.On(_order, delivery => delivery.FollowUps.PublishAsync(new OrderShipped(_order, 1), CancellationToken.None));
        await shipping.Worker.SendAsync(Shipping.Queue, MessageId.New(TimeProvider.System), new ShipOrder(_order));
        await shipping.Environment.WaitForMessageAsync($"{Shipping.Queue}.retry-10s", _order);

        Assert.Equal(RetryPolicy.Default.ImmediateTries, shipping.Work.Tries(_order));
    }

    [Fact]
    public async Task A_dead_command_that_nobody_wants_to_know_of_still_reaches_the_dead_letters()
    {
        shipping.Work.On(_order, _ => throw new PermanentException("lost", "The parcel is lost."));
        await shipping.Worker.SendAsync(Shipping.Queue, MessageId.New(TimeProvider.System), new ShipOrder(_order));
        var dead = await shipping.Environment.WaitForMessageAsync($"{Shipping.Queue}.dead", _order);

        Assert.Equal("lost", dead.Properties.Header("failure-reason"));
        Assert.Contains(shipping.Worker.Logs.All, line => line.Level == LogLevel.Error && line.Message.StartsWith("Nobody is told", StringComparison.Ordinal));
    }
}

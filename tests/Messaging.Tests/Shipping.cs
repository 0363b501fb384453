using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using PhotoPlatform.Messaging.Consuming;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests;

/// <summary>A command for the queue <see cref="Shipping.Queue"/>.</summary>
public sealed record ShipOrder(Guid OrderId);

/// <summary>What the worker says when it is done.</summary>
public sealed record OrderShipped(Guid OrderId, int Parcel);

/// <summary>What is said of a command that became a dead letter.</summary>
public sealed record ShippingFailed(Guid OrderId, string Reason);

/// <summary>A worker without a database.</summary>
internal static class Shipping
{
    internal const string Queue = "shipments";

    internal static Task<RunningService> StartAsync(TestEnvironment environment, Work work, Dictionary<string, string?>? settings = null) =>
        RunningService.StartAsync("shipping", environment, builder => Add(builder, work), app => app.MapMessaging(), settings);

    private static void Add(WebApplicationBuilder builder, Work work)
    {
        builder.Services.AddSingleton(work);
        builder.AddMessaging("shipping", messaging => messaging
            .Publishes<OrderShipped>()
            .Publishes<ShippingFailed>()
            .Receive<ShipOrder, ShipOrderConsumer>(Queue, prefetch: 4, concurrency: 2, (command, reason) => new ShippingFailed(command.OrderId, reason)));
    }
}

/// <summary>Does what the test wants.</summary>
internal sealed class ShipOrderConsumer(FollowUps followUps, Work work) : IConsumer<ShipOrder>
{
    public async Task Consume(ConsumeContext<ShipOrder> context)
    {
        await work.DoAsync(context.Message.OrderId, new Delivery(context.CancellationToken, FollowUps: followUps));
        work.SetDone(context.Message.OrderId);
    }
}

/// <summary>The worker in an environment of its own, for the tests of a class.</summary>
public sealed class ShippingFixture : IAsyncLifetime
{
    internal TestEnvironment Environment { get; private set; } = null!;

    internal Work Work { get; } = new();

    internal RunningService Worker { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Environment = await TestEnvironment.CreateAsync();
        Worker = await Shipping.StartAsync(Environment, Work);
    }

    public async ValueTask DisposeAsync()
    {
        await Worker.DisposeAsync();
        await Environment.DisposeAsync();
    }
}

using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using PhotoPlatform.Messaging.Retry;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests;

/// <summary>A command for the worker of <see cref="Packing"/>.</summary>
public sealed record PackOrder(Guid OrderId);

/// <summary>A worker whose consumers have a retry policy of their own, and take one message at a time.</summary>
internal static class Packing
{
    internal const string Queue = "packages";

    internal static Task<RunningService> StartAsync(TestEnvironment environment, Work work, RetryPolicy retry) => RunningService.StartAsync("packing", environment, builder =>
    {
        builder.Services.AddSingleton(work);
        builder.AddMessaging("packing", messaging => messaging
            .Receive<PackOrder, PackOrderConsumer>(Queue, prefetch: 1, concurrency: 1, retry: retry)
            .Subscribe<OrderPlaced, OrderPlacedPacker>(retry));
    }, _ => { });

    private static async Task PackAsync(Guid order, Work work, CancellationToken cancelled)
    {
        await work.DoAsync(order, new Delivery(cancelled));
        work.SetDone(order);
    }

    private sealed class PackOrderConsumer(Work work) : IConsumer<PackOrder>
    {
        public Task Consume(ConsumeContext<PackOrder> context) => PackAsync(context.Message.OrderId, work, context.CancellationToken);
    }

    private sealed class OrderPlacedPacker(Work work) : IConsumer<OrderPlaced>
    {
        public Task Consume(ConsumeContext<OrderPlaced> context) => PackAsync(context.Message.OrderId, work, context.CancellationToken);
    }
}

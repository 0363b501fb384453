using System.Collections.Concurrent;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests;

/// <summary>Counts every delivery of <see cref="OrderPlaced"/>, those that an inbox would hide too.</summary>
internal sealed class Deliveries
{
    private readonly ConcurrentQueue<Guid> _orders = new();
    private readonly ConcurrentDictionary<Guid, TaskCompletionSource> _seen = new();

    internal IReadOnlyCollection<Guid> Orders => _orders;

    /// <summary>Ends when the order was delivered.</summary>
    internal Task SeenAsync(Guid order) => Of(order).Task.WaitAsync(TimeSpan.FromSeconds(30));

    /// <summary>A process that does nothing else.</summary>
    internal static Task<RunningService> CountAsync(TestEnvironment environment, Deliveries deliveries) => RunningService.StartAsync("counter", environment, builder =>
    {
        builder.Services.AddSingleton(deliveries);
        builder.AddMessaging("counter", messaging => messaging.Subscribe<OrderPlaced, Counter>());
    }, _ => { });

    private TaskCompletionSource Of(Guid order) => _seen.GetOrAdd(order, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    private sealed class Counter(Deliveries deliveries) : IConsumer<OrderPlaced>
    {
        public Task Consume(ConsumeContext<OrderPlaced> context)
        {
            deliveries._orders.Enqueue(context.Message.OrderId);
            deliveries.Of(context.Message.OrderId).TrySetResult();
            return Task.CompletedTask;
        }
    }
}

using System.Collections.Concurrent;
using PhotoPlatform.Messaging.Consuming;
using PhotoPlatform.Messaging.Outbox;

namespace PhotoPlatform.Messaging.Tests;

/// <summary>What a consumer has at hand while it works on a message: the outbox of its database, or follow-ups.</summary>
internal sealed record Delivery(CancellationToken Cancelled, OrdersDb Db = null!, Outbox<OrdersDb> Outbox = null!, FollowUps FollowUps = null!);

/// <summary>What the consumers do with an order: the test decides it, counts the tries and is told of the end.</summary>
internal sealed class Work
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly ConcurrentDictionary<Guid, Func<Delivery, Task>> _wanted = new();
    private readonly ConcurrentDictionary<Guid, Func<Delivery, Task>> _afterwards = new();
    private readonly ConcurrentDictionary<Guid, int> _tries = new();
    private readonly ConcurrentDictionary<(string, Guid), TaskCompletionSource> _signals = new();

    /// <summary>Decides what happens to the order; otherwise nothing.</summary>
    internal void On(Guid order, Func<Delivery, Task> wanted) => _wanted[order] = wanted;

    /// <summary>Decides what happens once the consumer has saved; otherwise nothing.</summary>
    internal void Afterwards(Guid order, Func<Delivery, Task> wanted) => _afterwards[order] = wanted;

    /// <summary>How often a consumer started with the order.</summary>
    internal int Tries(Guid order) => _tries.GetValueOrDefault(order);

    /// <summary>Ends when a consumer's work on the order is committed.</summary>
    internal Task DoneAsync(Guid order) => Of("done", order).Task.WaitAsync(Limit);

    /// <summary>Ends when the event that followed is taken and committed.</summary>
    internal Task AcceptedAsync(Guid order) => Of("accepted", order).Task.WaitAsync(Limit);

    internal async Task DoAsync(Guid order, Delivery delivery)
    {
        _tries.AddOrUpdate(order, 1, (_, tries) => tries + 1);
        if (_wanted.TryGetValue(order, out var wanted))
            await wanted(delivery);
    }

    internal Task DoAfterwardsAsync(Guid order, Delivery delivery) => _afterwards.TryGetValue(order, out var wanted) ? wanted(delivery) : Task.CompletedTask;

    internal void SetDone(Guid order) => Of("done", order).TrySetResult();

    internal void SetAccepted(Guid order) => Of("accepted", order).TrySetResult();

    private TaskCompletionSource Of(string what, Guid order) =>
        _signals.GetOrAdd((what, order), _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
}

using System.Collections.Concurrent;
using MassTransit;

namespace PhotoPlatform.Messaging.Watching;

/// <summary>What this process has taken from each queue.</summary>
internal sealed class ConsumerProgress(TimeProvider time) : IReceiveObserver
{
    private readonly ConcurrentDictionary<string, Counts> _queues = new();

    internal (long Taken, int AtWork, TimeSpan SinceEnded) Of(string queue)
    {
        var counts = _queues.GetOrAdd(queue, _ => new Counts(time.GetTimestamp()));
        return (Interlocked.Read(ref counts.Taken), (int)(Interlocked.Read(ref counts.Taken) - Interlocked.Read(ref counts.Ended)), time.GetElapsedTime(Interlocked.Read(ref counts.EndedAt)));
    }

    public Task PreReceive(ReceiveContext context)
    {
        var counts = For(context);
        // Nothing was at work: the wait for an end begins now.
        if (Interlocked.Increment(ref counts.Taken) - Interlocked.Read(ref counts.Ended) == 1)
            Interlocked.Exchange(ref counts.EndedAt, time.GetTimestamp());
        return Task.CompletedTask;
    }

    public Task PostReceive(ReceiveContext context) => EndedAsync(context);

    public Task ReceiveFault(ReceiveContext context, Exception exception) => EndedAsync(context);

    public Task PostConsume<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType) where T : class => Task.CompletedTask;

    public Task ConsumeFault<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType, Exception exception) where T : class => Task.CompletedTask;

    private Task EndedAsync(ReceiveContext context)
    {
        // A message that nobody could read ends twice: as a fault, and as one that was moved.
        if (!context.GetOrAddPayload(() => new End()).IsFirst())
            return Task.CompletedTask;
        var counts = For(context);
        Interlocked.Increment(ref counts.Ended);
        Interlocked.Exchange(ref counts.EndedAt, time.GetTimestamp());
        return Task.CompletedTask;
    }

    private Counts For(ReceiveContext context) => _queues.GetOrAdd(context.InputAddress.Segments[^1], _ => new Counts(time.GetTimestamp()));

    private sealed class Counts(long now)
    {
        internal long Taken;
        internal long Ended;
        internal long EndedAt = now;
    }

    private sealed class End
    {
        private int _ended;

        internal bool IsFirst() => Interlocked.Exchange(ref _ended, 1) == 0;
    }
}

using System.Diagnostics;
using MassTransit;

namespace PhotoPlatform.Messaging.Bench;

/// <summary>Which messages of a run were consumed, when, and how often.</summary>
internal sealed class Tally(int size) : IReceiveObserver
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly int[] _consumed = new int[size];
    private readonly long[] _consumedAt = new long[size];
    private readonly TaskCompletionSource _fault = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Wait? _wait;
    private int _done;

    /// <summary>A consumer has begun with the message.</summary>
    internal void Consume(int number)
    {
        _consumedAt[number] = Stopwatch.GetTimestamp();
        Interlocked.Increment(ref _consumed[number]);
    }

    internal long ConsumedAt(int number) => _consumedAt[number];

    /// <summary>Returns when so many messages in all were acknowledged, with the time of the last.</summary>
    /// <exception cref="BenchFailedException">A consumer failed, or nothing comes any more.</exception>
    internal async Task<long> WaitAsync(int count, CancellationToken cancellationToken)
    {
        var wait = new Wait(count);
        Volatile.Write(ref _wait, wait);
        if (Volatile.Read(ref _done) >= count)
            wait.Done.TrySetResult(Stopwatch.GetTimestamp());
        for (var before = -1; !wait.Done.Task.IsCompleted;)
        {
            if (_done == before)
                throw new BenchFailedException($"Nothing was consumed for {Patience.TotalSeconds:0} s: {before} of {count} messages were.");
            before = _done;
            await (await Task.WhenAny(wait.Done.Task, _fault.Task, Task.Delay(Patience, cancellationToken)));
        }
        return await wait.Done.Task;
    }

    /// <exception cref="BenchFailedException">A message was not consumed, or more than once.</exception>
    internal void Check(string run)
    {
        var (lost, repeated) = (_consumed.Count(count => count == 0), _consumed.Count(count => count > 1));
        if (lost + repeated > 0 || _done != size)
            throw new BenchFailedException($"{run}: of {size} messages {lost} were not consumed, {repeated} more than once; {_done} deliveries were acknowledged.");
    }

    // After the acknowledgement.
    public Task PostReceive(ReceiveContext context)
    {
        var done = Interlocked.Increment(ref _done);
        if (Volatile.Read(ref _wait) is { } wait && done >= wait.Count)
            wait.Done.TrySetResult(Stopwatch.GetTimestamp());
        return Task.CompletedTask;
    }

    public Task ConsumeFault<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType, Exception exception) where T : class => ReceiveFault(context.ReceiveContext, exception);

    public Task ReceiveFault(ReceiveContext context, Exception exception)
    {
        _fault.TrySetException(new BenchFailedException($"A consumer failed: {exception.Message}"));
        return Task.CompletedTask;
    }

    public Task PreReceive(ReceiveContext context) => Task.CompletedTask;

    public Task PostConsume<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType) where T : class => Task.CompletedTask;

    private sealed record Wait(int Count)
    {
        internal TaskCompletionSource<long> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

using System.Collections.Concurrent;
using MassTransit;

namespace PhotoPlatform.Testing.Idempotency;

/// <summary>Tells when a delivery is acknowledged, and can stop deliveries between a consumer's effect and the acknowledgement.</summary>
internal sealed class DeliveryObserver : IReceiveObserver
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly ConcurrentDictionary<(Guid, bool), SemaphoreSlim> _acknowledged = new();
    private readonly ConcurrentDictionary<Guid, Exception> _failed = new();
    private readonly ConcurrentDictionary<Guid, TaskCompletionSource> _stopped = new();
    private TaskCompletionSource _goOn = new();

    /// <summary>Ends when one more delivery of the message is acknowledged: a first one, or one that comes again because the one before was not.</summary>
    /// <exception cref="InvalidOperationException">A first one, and its consumer failed.</exception>
    internal async Task AcknowledgedAsync(Guid messageId, bool again)
    {
        if (!await Acknowledged(messageId, again).WaitAsync(Limit))
            throw new TimeoutException($"No {(again ? "repeated" : "first")} delivery of {messageId} was acknowledged within {Limit}.");
        if (!again && _failed.TryGetValue(messageId, out var exception))
            throw new InvalidOperationException($"The consumer failed: {exception.Message}", exception);
    }

    /// <summary>From now on the messages' deliveries stop after the effect.</summary>
    internal void StopAfterEffect(IReadOnlyList<Guid> messageIds)
    {
        _goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        foreach (var id in messageIds)
            _stopped[id] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Ends when all of them have.</summary>
    internal Task StoppedAsync() => Task.WhenAll(_stopped.Values.Select(stopped => stopped.Task)).WaitAsync(Limit);

    /// <summary>Lets them go on.</summary>
    internal void GoOn()
    {
        _stopped.Clear();
        _goOn.SetResult();
    }

    public Task PostConsume<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType) where T : class
    {
        var goOn = _goOn;
        if (!_stopped.TryGetValue(context.MessageId ?? default, out var stopped))
            return Task.CompletedTask;
        stopped.TrySetResult();
        return goOn.Task;
    }

    public Task PostReceive(ReceiveContext context)
    {
        if (context.GetMessageId() is { } id)
            Acknowledged(id, context.Redelivered).Release();
        return Task.CompletedTask;
    }

    public Task PreReceive(ReceiveContext context) => Task.CompletedTask;

    public Task ConsumeFault<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType, Exception exception) where T : class
    {
        _failed[context.MessageId ?? default] = exception;
        return Task.CompletedTask;
    }

    public Task ReceiveFault(ReceiveContext context, Exception exception) => Task.CompletedTask;

    private SemaphoreSlim Acknowledged(Guid messageId, bool again) => _acknowledged.GetOrAdd((messageId, again), _ => new SemaphoreSlim(0));
}

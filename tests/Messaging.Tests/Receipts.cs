using System.Collections.Concurrent;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests;

/// <summary>Tells when a delivery is over and acknowledged, whatever became of it.</summary>
internal sealed class Receipts : IReceiveObserver
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly ConcurrentDictionary<Guid, SemaphoreSlim> _acknowledged = new();

    internal static Receipts Of(RunningService service)
    {
        var receipts = new Receipts();
        service.Services.GetRequiredService<IBus>().ConnectReceiveObserver(receipts);
        return receipts;
    }

    /// <summary>Ends when one more delivery of the message is acknowledged.</summary>
    internal async Task NextAsync(Guid messageId)
    {
        if (!await Of(messageId).WaitAsync(Limit))
            throw new TimeoutException($"No delivery of {messageId} was acknowledged within {Limit}.");
    }

    public Task PostReceive(ReceiveContext context)
    {
        if (context.GetMessageId() is { } id)
            Of(id).Release();
        return Task.CompletedTask;
    }

    public Task PreReceive(ReceiveContext context) => Task.CompletedTask;

    public Task PostConsume<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType) where T : class => Task.CompletedTask;

    public Task ConsumeFault<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType, Exception exception) where T : class => Task.CompletedTask;

    public Task ReceiveFault(ReceiveContext context, Exception exception) => Task.CompletedTask;

    private SemaphoreSlim Of(Guid messageId) => _acknowledged.GetOrAdd(messageId, _ => new SemaphoreSlim(0));
}

using MassTransit;
using RabbitMQ.Client.Exceptions;

namespace PhotoPlatform.Messaging.Consuming;

/// <summary>
/// Brings consumers back after a lost connection. When the channel closes under a message at work, MassTransit 8.4 closes it once more from inside the delivery,
/// which then waits for its own end: the connection never ends, and no new one is made (its issue 6001, fixed in 8.5). It does so for two types of exceptions only.
/// </summary>
internal sealed class LostChannel : IReceiveObserver
{
    public Task ReceiveFault(ReceiveContext context, Exception exception) => exception is OperationInterruptedException or EndOfStreamException
        ? throw new TransportUnavailableException("The channel closed before its message was acknowledged; the broker delivers it again.", exception)
        : Task.CompletedTask;

    public Task PreReceive(ReceiveContext context) => Task.CompletedTask;

    public Task PostReceive(ReceiveContext context) => Task.CompletedTask;

    public Task PostConsume<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType) where T : class => Task.CompletedTask;

    public Task ConsumeFault<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType, Exception exception) where T : class => Task.CompletedTask;
}

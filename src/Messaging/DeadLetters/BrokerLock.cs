using PhotoPlatform.Messaging.Broker;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace PhotoPlatform.Messaging.DeadLetters;

/// <summary>
/// Keeps other processes out: a queue of that name that only this connection may use, which ends with it. Quorum queues themselves know no exclusive consumers.
/// Within one connection it holds nobody up.
/// </summary>
internal sealed class BrokerLock : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private readonly IChannel _channel;
    private readonly string _name;

    private BrokerLock(IChannel channel, string name) => (_channel, _name) = (channel, name);

    /// <exception cref="TimeoutException">Another process has held it for the whole time.</exception>
    /// <exception cref="BrokerUnavailableException">The broker is away.</exception>
    internal static async Task<BrokerLock> TakeAsync(BrokerConnection broker, string name, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            var channel = await broker.OpenChannelAsync(cancellationToken);
            try
            {
                await channel.QueueDeclareAsync(name, durable: false, exclusive: true, autoDelete: false, cancellationToken: cancellationToken);
                return new BrokerLock(channel, name);
            }
            catch (OperationInterruptedException exception) when (exception.ShutdownReason?.ReplyCode == Constants.ResourceLocked)
            {
                await channel.DisposeAsync();
                if (time.GetElapsedTime(start) > limit)
                    throw new TimeoutException($"Another process has held '{name}' on the broker for more than {limit.TotalSeconds:0} s.", exception);
            }
            // The broker tells nobody that the queue has gone.
            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_channel.IsOpen)
            await _channel.QueueDeleteAsync(_name);
        await _channel.DisposeAsync();
    }
}

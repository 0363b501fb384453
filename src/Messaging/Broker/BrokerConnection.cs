using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace PhotoPlatform.Messaging.Broker;

/// <summary>
/// Publishing with <c>mandatory</c> and confirms, on a connection of its own: an alarm of the broker stops publishers, not consumers.
/// A publish can hang across a broker restart, so each has a limit, and a connection that failed is thrown away.
/// </summary>
internal sealed class BrokerConnection(Uri address, string clientName, ILogger<BrokerConnection> logger) : IAsyncDisposable
{
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(5);
    private static readonly CreateChannelOptions WithConfirms = new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true);
    private readonly SemaphoreSlim _connecting = new(1, 1);
    private volatile IChannel? _channel;
    private IConnection? _connection;

    /// <summary>Returns when the broker has taken the message over.</summary>
    /// <exception cref="UnroutableException">No queue takes it, or its exchange does not exist.</exception>
    /// <exception cref="TimeoutException">No confirm came in time.</exception>
    /// <exception cref="BrokerUnavailableException">There is no connection, or it broke: whether the message arrived is unknown.</exception>
    internal async Task PublishAsync(OutgoingMessage message, IDictionary<string, object?>? headers, TimeSpan limit, CancellationToken cancellationToken)
    {
        var channel = await ChannelAsync(cancellationToken);
        var properties = new BasicProperties
        {
            MessageId = message.Id.ToString(),
            ContentType = OutgoingMessage.ContentType,
            DeliveryMode = DeliveryModes.Persistent,
            Headers = headers ?? new Dictionary<string, object?>(),
        };
        if (message.TraceParent is not null)
            properties.Headers![OutgoingMessage.TraceHeader] = message.TraceParent;

        try
        {
            await channel.BasicPublishAsync(message.Exchange, message.RoutingKey, mandatory: true, properties, message.Body, cancellationToken).AsTask().WaitAsync(limit, cancellationToken);
        }
        catch (PublishException exception) when (exception.IsReturn)
        {
            throw new UnroutableException($"No queue takes messages of exchange '{message.Exchange}' with routing key '{message.RoutingKey}'.", exception);
        }
        catch (PublishException exception)
        {
            throw new BrokerUnavailableException("The broker refused the message.", exception);
        }
        catch (TimeoutException)
        {
            await DropAsync(channel);
            throw;
        }
        catch (Exception exception) when (exception is AlreadyClosedException or OperationInterruptedException or IOException or ObjectDisposedException)
        {
            await DropAsync(channel);
            if (channel.CloseReason is { ReplyCode: 403 or 404 or 406 } reason)
                throw new UnroutableException(reason.ReplyText, exception);
            throw new BrokerUnavailableException(exception.Message, exception);
        }
    }

    /// <summary>A channel for declarations. The caller disposes it.</summary>
    internal async Task<IChannel> OpenChannelAsync(CancellationToken cancellationToken)
    {
        await ChannelAsync(cancellationToken);
        return await _connection!.CreateChannelAsync(cancellationToken: cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_channel is { } channel)
            await DropAsync(channel);
        _connecting.Dispose();
    }

    private async ValueTask<IChannel> ChannelAsync(CancellationToken cancellationToken)
    {
        if (_channel is { IsOpen: true } open)
            return open;

        await _connecting.WaitAsync(cancellationToken);
        try
        {
            if (_channel is { IsOpen: true } opened)
                return opened;
            var factory = new ConnectionFactory
            {
                Uri = address,
                AutomaticRecoveryEnabled = false,
                RequestedHeartbeat = TimeSpan.FromSeconds(10),
                RequestedConnectionTimeout = ConnectLimit,
                HandshakeContinuationTimeout = ConnectLimit,
                ContinuationTimeout = ConnectLimit,
                ClientProvidedName = clientName,
            };
            if (_connection is { IsOpen: true })
            {
                _channel = await _connection.CreateChannelAsync(WithConfirms, cancellationToken);
                return _channel;
            }
            _connection = await factory.CreateConnectionAsync(cancellationToken).WaitAsync(ConnectLimit, cancellationToken);
            _channel = await _connection.CreateChannelAsync(WithConfirms, cancellationToken).WaitAsync(ConnectLimit, cancellationToken);
            return _channel;
        }
        catch (Exception exception) when (exception is BrokerUnreachableException or TimeoutException or IOException or AlreadyClosedException or OperationInterruptedException)
        {
            throw new BrokerUnavailableException($"RabbitMQ at {address.Host}:{address.Port} cannot be reached: {(exception.InnerException ?? exception).Message}", exception);
        }
        finally
        {
            _connecting.Release();
        }
    }

    /// <summary>Throws the connection away without waiting for the other side, which may be gone.</summary>
    private async Task DropAsync(IChannel channel)
    {
        if (Interlocked.CompareExchange(ref _channel, null, channel) != channel)
            return;
        var connection = Interlocked.Exchange(ref _connection, null);
        try
        {
            if (connection is not null)
            {
                await connection.CloseAsync(200, "closing", TimeSpan.FromSeconds(1), abort: true).WaitAsync(TimeSpan.FromSeconds(2));
                await connection.DisposeAsync();
            }
        }
        catch (Exception exception) when (exception is TimeoutException or IOException or AlreadyClosedException or OperationInterruptedException)
        {
            logger.LogDebug(exception, "A broken connection did not close cleanly");
        }
    }
}

/// <summary>The broker has no place for a message: a mistake in the topology, which waiting does not heal.</summary>
public sealed class UnroutableException(string message, Exception inner) : Exception(message, inner);

/// <summary>The broker is away.</summary>
public sealed class BrokerUnavailableException(string message, Exception inner) : Exception(message, inner);

using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace PhotoPlatform.Messaging.Broker;

/// <summary>
/// Publishing with <c>mandatory</c> and confirms, on a connection of its own: an alarm of the broker stops publishers, not consumers.
/// A publish can hang across a broker restart, so each has a limit, and a connection that failed is thrown away.
/// </summary>
/// <param name="address">Where the broker is.</param>
/// <param name="clientName">Who asks, as the broker shows it.</param>
/// <param name="logger">Told what went wrong with connections that nobody needs any more.</param>
/// <param name="answerLimit">How long to wait for a connection, and for each answer; by default 5 s.</param>
internal sealed class BrokerConnection(Uri address, string clientName, ILogger<BrokerConnection> logger, TimeSpan? answerLimit = null) : IAsyncDisposable
{
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(2);
    private static readonly CreateChannelOptions WithConfirms = new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true);
    private readonly TimeSpan _answerLimit = answerLimit ?? TimeSpan.FromSeconds(5);
    private readonly SemaphoreSlim _connecting = new(1, 1);
    private Link? _link;

    /// <summary>Returns when there is a connection.</summary>
    /// <exception cref="BrokerUnavailableException">There is none to be had.</exception>
    internal async Task ConnectAsync(CancellationToken cancellationToken) => await LinkAsync(cancellationToken);

    /// <summary>Returns when the broker has taken the message over.</summary>
    /// <exception cref="UnroutableException">No queue takes it, its exchange does not exist, or it is malformed.</exception>
    /// <exception cref="NotConfirmedException">No confirm came in time, or a negative one.</exception>
    /// <exception cref="BrokerUnavailableException">There is no connection, or it broke: whether the message arrived is unknown.</exception>
    internal async Task PublishAsync(OutgoingMessage message, IDictionary<string, object?>? headers, TimeSpan limit, CancellationToken cancellationToken)
    {
        var link = await LinkAsync(cancellationToken);
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
            // The client itself is never cancelled: a cancelled publish upsets how the channel counts the confirms of the others. Here only the wait ends.
            await link.Channel.BasicPublishAsync(message.Exchange, message.RoutingKey, mandatory: true, properties, message.Body, CancellationToken.None)
                .AsTask().WaitAsync(limit, cancellationToken);
        }
        catch (PublishException exception) when (exception.IsReturn)
        {
            throw new UnroutableException($"No queue takes messages of exchange '{message.Exchange}' with routing key '{message.RoutingKey}'.", exception);
        }
        catch (PublishException exception)
        {
            throw new NotConfirmedException("The broker refused the message.", exception);
        }
        catch (ArgumentException exception)
        {
            throw new UnroutableException($"The message cannot be written: {exception.Message}", exception);
        }
        catch (TimeoutException exception)
        {
            Drop(link);
            throw new NotConfirmedException($"No confirm came within {limit.TotalSeconds:0.0} s.", exception);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            Drop(link);
            if (link.Channel.CloseReason is { Initiator: ShutdownInitiator.Peer, ReplyCode: not Constants.ConnectionForced } reason)
                throw new UnroutableException(reason.ReplyText, exception) { ClosedChannel = true };
            throw new BrokerUnavailableException($"The connection to RabbitMQ broke: {link.Channel.CloseReason?.ReplyText ?? exception.Message}", exception);
        }
    }

    /// <summary>A channel for declarations. The caller disposes it.</summary>
    internal async Task<IChannel> OpenChannelAsync(CancellationToken cancellationToken)
    {
        var link = await LinkAsync(cancellationToken);
        return await link.Connection.CreateChannelAsync(cancellationToken: cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _link, null) is { } link)
            await CloseAsync(link.Connection).WaitAsync(CloseLimit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _connecting.Dispose();
    }

    private async ValueTask<Link> LinkAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _link) is { Channel.IsOpen: true } open)
            return open;

        await _connecting.WaitAsync(cancellationToken);
        try
        {
            if (Volatile.Read(ref _link) is { } current)
            {
                if (current.Channel.IsOpen)
                    return current;
                Drop(current);
            }
            var link = await OpenAsync(cancellationToken);
            Volatile.Write(ref _link, link);
            return link;
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            throw new BrokerUnavailableException($"RabbitMQ at {address.Host}:{address.Port} cannot be reached: {(exception.InnerException ?? exception).Message}", exception);
        }
        finally
        {
            _connecting.Release();
        }
    }

    private async Task<Link> OpenAsync(CancellationToken cancellationToken)
    {
        var factory = new ConnectionFactory
        {
            Uri = address,
            AutomaticRecoveryEnabled = false,
            RequestedHeartbeat = TimeSpan.FromSeconds(10),
            RequestedConnectionTimeout = _answerLimit,
            HandshakeContinuationTimeout = _answerLimit,
            ContinuationTimeout = _answerLimit,
            ClientProvidedName = clientName,
        };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_answerLimit);
        var connection = await factory.CreateConnectionAsync(limit.Token);
        try
        {
            return new Link(connection, await connection.CreateChannelAsync(WithConfirms, limit.Token));
        }
        catch
        {
            _ = CloseAsync(connection);
            throw;
        }
    }

    /// <summary>Throws the connection away, once, without waiting for the other side, which may be gone.</summary>
    private void Drop(Link link)
    {
        if (Interlocked.CompareExchange(ref _link, null, link) == link)
            _ = CloseAsync(link.Connection);
    }

    private async Task CloseAsync(IConnection connection)
    {
        try
        {
            await connection.CloseAsync(Constants.ReplySuccess, "closing", CloseLimit, abort: true);
            await connection.DisposeAsync();
        }
        catch (Exception exception)
        {
            // Nobody needs it any more, whatever is wrong with it.
            logger.LogDebug(exception, "A connection did not close cleanly");
        }
    }

    /// <summary>A channel of its own whose publishes end with their confirm. The caller disposes it.</summary>
    internal async Task<IChannel> OpenConfirmingChannelAsync(CancellationToken cancellationToken)
    {
        var link = await LinkAsync(cancellationToken);
        return await link.Connection.CreateChannelAsync(WithConfirms, cancellationToken);
    }

    /// <summary>A connection and its one channel live and end together.</summary>
    private sealed record Link(IConnection Connection, IChannel Channel);
}

/// <summary>The broker has no place for a message: a mistake in the message or in the topology, which waiting alone does not heal.</summary>
public sealed class UnroutableException(string message, Exception inner) : Exception(message, inner)
{
    /// <summary>The broker closed the channel over it, and with it the channel of every message on its way: it may have been any of them.</summary>
    public bool ClosedChannel { get; init; }
}

/// <summary>The broker did not take a message over in time, or said that it cannot. It may have arrived.</summary>
public sealed class NotConfirmedException(string message, Exception inner) : Exception(message, inner);

/// <summary>The broker is away.</summary>
public sealed class BrokerUnavailableException(string message, Exception inner) : Exception(message, inner);

using System.Buffers.Text;
using System.Diagnostics;
using System.Text;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace PhotoPlatform.Messaging.Bench;

/// <summary>The cheapest consumer there is, so that what a relay sends does not pile up in the broker: acknowledges many at once, and notes which messages came, and when.</summary>
internal sealed class Drain : IAsyncDisposable
{
    private const ushort Prefetch = 2000;
    private const int AcknowledgedAtOnce = 500;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly IConnection _connection;
    private readonly IChannel _channel;
    private readonly bool[] _seen;
    private readonly long[] _at;
    private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _different;
    private int _received;

    private Drain(IConnection connection, IChannel channel, int size) => (_connection, _channel, _seen, _at) = (connection, channel, new bool[size], new long[size]);

    internal static async Task<Drain> StartAsync(Servers servers, int messages, CancellationToken cancellationToken)
    {
        var connection = await new ConnectionFactory { Uri = new Uri(servers.Settings["ConnectionStrings:bus"]!) }.CreateConnectionAsync(cancellationToken);
        var drain = new Drain(connection, await connection.CreateChannelAsync(cancellationToken: cancellationToken), messages);
        await drain._channel.BasicQosAsync(0, Prefetch, false, cancellationToken);
        var consumer = new AsyncEventingBasicConsumer(drain._channel);
        consumer.ReceivedAsync += (_, delivery) => drain.TakeAsync(delivery);
        await drain._channel.BasicConsumeAsync(Services.Queue, autoAck: false, consumer, cancellationToken);
        return drain;
    }

    /// <summary>Returns when each message has come at least once.</summary>
    /// <exception cref="BenchFailedException">Nothing comes any more.</exception>
    internal async Task WaitAsync(CancellationToken cancellationToken)
    {
        for (var before = -1; !_complete.Task.IsCompleted;)
        {
            if (_received == before)
                throw new BenchFailedException($"Nothing came for {Patience.TotalSeconds:0} s: {_different} of {_seen.Length} messages did.");
            before = _received;
            await (await Task.WhenAny(_complete.Task, Task.Delay(Patience, cancellationToken)));
        }
    }

    /// <summary>Empties the queue, once nobody sends any more, behind a last message of its own.</summary>
    /// <returns>How many messages came more than once.</returns>
    internal async Task<int> FinishAsync(CancellationToken cancellationToken)
    {
        await _channel.BasicPublishAsync("", Services.Queue, Encoding.UTF8.GetBytes($"{{\"number\":{_seen.Length}}}"), cancellationToken);
        await _end.Task.WaitAsync(cancellationToken);
        return _received - _different;
    }

    /// <summary>When the n-th message came.</summary>
    internal long At(int n) => _at[n];

    /// <summary>Messages per second from the n-th message to another.</summary>
    internal double Rate(int from, int to) => (to - from) / Stopwatch.GetElapsedTime(_at[from], _at[to]).TotalSeconds;

    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _connection.DisposeAsync();
    }

    // One at a time: the channel delivers in order.
    private async Task TakeAsync(BasicDeliverEventArgs delivery)
    {
        var number = NumberOf(delivery.Body.Span);
        var isEnd = number == _seen.Length;
        if (!isEnd)
            Note(number);
        if (isEnd || _received % AcknowledgedAtOnce == 0)
            await _channel.BasicAckAsync(delivery.DeliveryTag, multiple: true);
        if (isEnd)
            _end.TrySetResult();
    }

    private void Note(int number)
    {
        _received++;
        if (_seen[number])
            return;
        _seen[number] = true;
        _at[_different++] = Stopwatch.GetTimestamp();
        if (_different == _seen.Length)
            _complete.TrySetResult();
    }

    private static int NumberOf(ReadOnlySpan<byte> envelope)
    {
        var name = "\"number\":"u8;
        return Utf8Parser.TryParse(envelope[(envelope.IndexOf(name) + name.Length)..], out int number, out _) ? number : throw new BenchFailedException("A message came that is not of this bench.");
    }
}

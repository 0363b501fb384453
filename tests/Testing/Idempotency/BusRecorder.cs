using System.Collections.Concurrent;
using System.Text;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace PhotoPlatform.Testing.Idempotency;

/// <summary>Keeps a copy of every event that anybody publishes in an environment.</summary>
internal sealed class BusRecorder : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly ConcurrentQueue<string> _bodies = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _markers = new();
    private readonly IConnection _connection;
    private readonly IChannel _channel;
    private readonly string _queue;

    private BusRecorder(IConnection connection, IChannel channel, string queue) => (_connection, _channel, _queue) = (connection, channel, queue);

    /// <summary>Begins, with the exchanges that there are.</summary>
    internal static async Task<BusRecorder> StartAsync(TestEnvironment environment)
    {
        var connection = await new ConnectionFactory { Uri = new Uri(environment.Bus) }.CreateConnectionAsync();
        var channel = await connection.CreateChannelAsync();
        var recorder = new BusRecorder(connection, channel, (await channel.QueueDeclareAsync()).QueueName);
        foreach (var exchange in await environment.EventExchangesAsync())
            await channel.QueueBindAsync(recorder._queue, exchange, "");
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += recorder.TakeAsync;
        await channel.BasicConsumeAsync(recorder._queue, autoAck: true, consumer);
        return recorder;
    }

    /// <summary>The bodies of all that was confirmed to its publisher until now.</summary>
    internal async Task<IReadOnlyCollection<string>> SoFarAsync()
    {
        var marker = Guid.NewGuid().ToString();
        var arrived = _markers[marker] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _channel.BasicPublishAsync("", _queue, mandatory: true, new BasicProperties { MessageId = marker }, ReadOnlyMemory<byte>.Empty);
        await arrived.Task.WaitAsync(Limit);
        return _bodies;
    }

    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private Task TakeAsync(object sender, BasicDeliverEventArgs delivery)
    {
        if (_markers.TryRemove(delivery.BasicProperties.MessageId ?? "", out var arrived))
            arrived.SetResult();
        else
            _bodies.Enqueue(Encoding.UTF8.GetString(delivery.Body.Span));
        return Task.CompletedTask;
    }
}

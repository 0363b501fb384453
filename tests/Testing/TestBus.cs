using System.Threading.Channels;
using System.Text.Json;
using PhotoPlatform.Messaging;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace PhotoPlatform.Testing;

/// <summary>The broker of an environment as other services see it: sends messages with ids of one's choice, and listens.</summary>
public sealed class TestBus : IAsyncDisposable
{
    private readonly IConnection _connection;
    private readonly IChannel _channel;

    private TestBus(IConnection connection, IChannel channel) => (_connection, _channel) = (connection, channel);

    /// <summary>Connects to the environment's broker.</summary>
    public static async Task<TestBus> ConnectAsync(TestEnvironment environment)
    {
        var connection = await new ConnectionFactory { Uri = new Uri(environment.Bus) }.CreateConnectionAsync();
        return new TestBus(connection, await connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true)));
    }

    /// <summary>Publishes an event, confirmed; an id given twice makes a duplicate.</summary>
    public Task PublishAsync(object message, Guid? id = null) => SendAsync(MessageNames.ExchangeOf(message.GetType()), "", message, id);

    /// <summary>Sends a command to a queue, confirmed.</summary>
    public Task SendAsync(string queue, object message, Guid? id = null) => SendAsync("", queue, message, id);

    /// <summary>Sends bytes that may be no message at all to a queue.</summary>
    public Task SendAsync(string queue, byte[] body, Guid? id = null) => SendAsync("", queue, body, id ?? Guid.CreateVersion7());

    /// <summary>From now on takes a copy of every event of this type.</summary>
    public async Task<Inbound<T>> ListenAsync<T>() where T : class
    {
        var exchange = MessageNames.ExchangeOf(typeof(T));
        await _channel.ExchangeDeclareAsync(exchange, ExchangeType.Fanout, durable: true);
        var queue = (await _channel.QueueDeclareAsync()).QueueName;
        await _channel.QueueBindAsync(queue, exchange, "");
        return await ConsumeAsync<T>(queue);
    }

    /// <summary>Takes the commands out of a queue, as its service would. Declares it when its service has not.</summary>
    public async Task<Inbound<T>> TakeAsync<T>(string queue) where T : class
    {
        await _channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false);
        return await ConsumeAsync<T>(queue);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private async Task<Inbound<T>> ConsumeAsync<T>(string queue) where T : class
    {
        var received = Channel.CreateUnbounded<Inbound<T>.Item>();
        var consumer = new AsyncEventingBasicConsumer(_channel);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            var envelope = JsonSerializer.Deserialize<Envelope<T>>(delivery.Body.Span, JsonSerializerOptions.Web)!;
            received.Writer.TryWrite(new(envelope.MessageId, envelope.Message));
            return Task.CompletedTask;
        };
        await _channel.BasicConsumeAsync(queue, autoAck: true, consumer);
        return new Inbound<T>(received.Reader);
    }

    private Task SendAsync(string exchange, string routingKey, object message, Guid? id)
    {
        var messageId = id ?? Guid.CreateVersion7();
        var type = message.GetType();
        var envelope = new Envelope<object>(messageId, message) { MessageType = [$"urn:message:{type.Namespace}:{type.Name}"] };
        return SendAsync(exchange, routingKey, JsonSerializer.SerializeToUtf8Bytes(envelope, JsonSerializerOptions.Web), messageId);
    }

    private async Task SendAsync(string exchange, string routingKey, byte[] body, Guid id) => await _channel.BasicPublishAsync(
        exchange, routingKey, mandatory: true, new BasicProperties { MessageId = id.ToString(), ContentType = "application/vnd.masstransit+json", DeliveryMode = DeliveryModes.Persistent }, body);

    private sealed record Envelope<T>(Guid MessageId, T Message)
    {
        public string[] MessageType { get; init; } = [];
    }
}

/// <summary>Messages as they arrive.</summary>
public sealed class Inbound<T>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly ChannelReader<Item> _items;

    internal Inbound(ChannelReader<Item> items) => _items = items;

    /// <summary>The next message.</summary>
    /// <exception cref="OperationCanceledException">None came in time.</exception>
    public async Task<Item> NextAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        return await _items.ReadAsync(limit.Token);
    }

    /// <summary>A message and its id.</summary>
    public sealed record Item(Guid Id, T Message);
}

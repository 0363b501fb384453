using System.Diagnostics;
using System.Text.Json;
using MassTransit;
using RabbitMQ.Client;

namespace PhotoPlatform.Messaging.Bench;

/// <summary>Publishes with RabbitMQ's client and awaits the confirm; the envelope is the one that the outbox sends. One connection, one channel.</summary>
internal sealed class RawPublisher(Uri address) : IAsyncDisposable
{
    private static readonly string[] Types = [MessageUrn.ForTypeString<BenchMessage>()];
    private static readonly CreateChannelOptions WithConfirms = new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true);
    private readonly SemaphoreSlim _connecting = new(1, 1);
    private IConnection? _connection;
    private IChannel? _channel;

    internal async Task PublishAsync(BenchMessage message, CancellationToken cancellationToken)
    {
        var id = Guid.CreateVersion7();
        var properties = new BasicProperties
        {
            MessageId = id.ToString(),
            ContentType = "application/vnd.masstransit+json",
            DeliveryMode = DeliveryModes.Persistent,
            Headers = new Dictionary<string, object?> { ["MT-Activity-Id"] = Activity.Current?.Id },
        };
        var body = JsonSerializer.SerializeToUtf8Bytes(new Envelope(id, Types, message, TimeProvider.System.GetUtcNow().UtcDateTime), JsonSerializerOptions.Web);
        var channel = _channel ?? await ConnectAsync(cancellationToken);
        await channel.BasicPublishAsync(MessageNames.ExchangeOf(typeof(BenchMessage)), "", mandatory: true, properties, body, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
            await _connection.DisposeAsync();
        _connecting.Dispose();
    }

    private async Task<IChannel> ConnectAsync(CancellationToken cancellationToken)
    {
        await _connecting.WaitAsync(cancellationToken);
        try
        {
            _connection ??= await new ConnectionFactory { Uri = address }.CreateConnectionAsync(cancellationToken);
            return _channel ??= await _connection.CreateChannelAsync(WithConfirms, cancellationToken);
        }
        finally
        {
            _connecting.Release();
        }
    }

    private sealed record Envelope(Guid MessageId, string[] MessageType, BenchMessage Message, DateTime SentTime);
}

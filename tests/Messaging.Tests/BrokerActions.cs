using Microsoft.Extensions.DependencyInjection;
using PhotoPlatform.Messaging.Broker;
using PhotoPlatform.Testing;
using RabbitMQ.Client;

namespace PhotoPlatform.Messaging.Tests;

/// <summary>What tests do to the broker behind a service's back.</summary>
internal static class BrokerActions
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>Puts a message into a queue, as another service would.</summary>
    internal static Task SendAsync(this RunningService service, string queue, Guid id, object message, Dictionary<string, object?>? headers = null) =>
        service.SendAsync(OutgoingMessage.Command(id, queue, message, TimeProvider.System.GetUtcNow()), headers);

    internal static Task SendAsync(this RunningService service, OutgoingMessage message, Dictionary<string, object?>? headers = null) =>
        service.Services.GetRequiredService<BrokerConnection>().PublishAsync(message, headers, Limit, CancellationToken.None);

    /// <summary>Declares a queue and lets it take an event, if any.</summary>
    internal static async Task DeclareQueueAsync(this RunningService service, string queue, Type? takes = null)
    {
        await using var channel = await service.Services.GetRequiredService<BrokerConnection>().OpenChannelAsync(CancellationToken.None);
        await channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" });
        if (takes is null)
            return;
        await channel.ExchangeDeclareAsync(MessageNames.ExchangeOf(takes), ExchangeType.Fanout, durable: true);
        await channel.QueueBindAsync(queue, MessageNames.ExchangeOf(takes), "");
    }

    /// <summary>Deletes a queue with its messages.</summary>
    internal static async Task DeleteQueueAsync(this TestEnvironment environment, string queue)
    {
        await using var connection = await new ConnectionFactory { Uri = new Uri(environment.Bus) }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        await channel.QueueDeleteAsync(queue);
    }

    /// <summary>The message that speaks of something, once it lies in the queue.</summary>
    internal static async Task<QueuedMessage> WaitForMessageAsync(this TestEnvironment environment, string queue, Guid mentions)
    {
        var messages = await Eventually.GetAsync(() => environment.PeekAsync(queue), messages => messages.Any(Mentions));
        return messages.Single(Mentions);

        bool Mentions(QueuedMessage message) => message.Payload.Contains(mentions.ToString(), StringComparison.Ordinal);
    }
}

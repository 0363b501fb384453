using Microsoft.Extensions.DependencyInjection;
using PhotoPlatform.Messaging.Broker;
using PhotoPlatform.Messaging.Retry;
using PhotoPlatform.Testing;
using RabbitMQ.Client;

namespace PhotoPlatform.Messaging.Tests.DeadLetters;

/// <summary>Puts dead letters where consumers would have moved them.</summary>
internal static class DeadLetterActions
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>A dead letter of an order, as the ladder leaves it.</summary>
    internal static Task BuryAsync(this RunningService service, Guid order, Guid? id = null, string reason = "retries-exhausted", string hash = "00000001", TimeSpan age = default, string queue = Orders.Queue)
    {
        var message = OutgoingMessage.Command(id ?? MessageId.New(TimeProvider.System), MessageNames.DeadLetterQueueOf(queue), new OrderPlaced(order), TimeProvider.System.GetUtcNow());
        return service.Services.GetRequiredService<BrokerConnection>().PublishAsync(message, new Dictionary<string, object?>
        {
            [FailureHeaders.Reason] = reason,
            [FailureHeaders.Exception] = "System.InvalidOperationException: Never ever.",
            [FailureHeaders.StackHash] = hash,
            [FailureHeaders.Attempts] = 15,
            [FailureHeaders.FirstAt] = (TimeProvider.System.GetUtcNow() - age - TimeSpan.FromMinutes(71)).ToString("O"),
            [FailureHeaders.LastAt] = (TimeProvider.System.GetUtcNow() - age).ToString("O"),
            [FailureHeaders.Queue] = queue,
            [FailureHeaders.OriginalExchange] = "order-placed",
            [FailureHeaders.Rung] = 4,
        }, Limit, CancellationToken.None);
    }

    /// <summary>Many of them, of different orders.</summary>
    internal static async Task<Guid[]> BuryAsync(this RunningService service, int count)
    {
        var orders = Enumerable.Range(0, count).Select(_ => Guid.NewGuid()).ToArray();
        foreach (var some in orders.Chunk(500))
            await Task.WhenAll(some.Select(order => service.BuryAsync(order)));
        return orders;
    }

    /// <summary>Takes a message and gives it back, as the broker does for a process that dies with it.</summary>
    internal static async Task ReturnAsync(this TestEnvironment environment, string queue, int times)
    {
        await using var connection = await new ConnectionFactory { Uri = new Uri(environment.Bus) }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        for (var i = 0; i < times; i++)
        {
            var taken = await Eventually.GetAsync(() => channel.BasicGetAsync(queue, autoAck: false), message => message is not null);
            await channel.BasicNackAsync(taken!.DeliveryTag, multiple: false, requeue: true);
        }
    }
}

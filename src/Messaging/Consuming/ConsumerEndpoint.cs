using System.Globalization;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using PhotoPlatform.Messaging.Broker;
using PhotoPlatform.Messaging.Retry;

namespace PhotoPlatform.Messaging.Consuming;

/// <summary>One queue and the consumer that takes its messages.</summary>
internal abstract class ConsumerEndpoint(string queue, string? exchange, ConsumerLimits limits)
{
    /// <summary>Below the queue's own limit, so that a message that takes its process down becomes a dead letter whose owner is told.</summary>
    internal const int MaxRedeliveries = 10;

    internal string Queue => queue;

    /// <summary>The exchange whose events the queue takes, or null when commands are sent to it.</summary>
    internal string? Exchange => exchange;

    /// <summary>What happens to messages whose consumer fails.</summary>
    internal RetryPolicy Retry { get; init; } = RetryPolicy.Default;

    /// <summary>Makes the message that tells of a dead letter, from its body, the reason, its id and the time.</summary>
    internal DeadLetterNotice? DeadLettered { get; init; }

    internal void Configure(IRabbitMqReceiveEndpointConfigurator endpoint, IServiceProvider services)
    {
        endpoint.ConfigureConsumeTopology = false;
        endpoint.PublishFaults = false;
        endpoint.PrefetchCount = limits.Prefetch;
        endpoint.ConcurrentMessageLimit = limits.Concurrency;
        foreach (var (name, value) in Topology.QueueArguments(queue))
            endpoint.SetQueueArgument(name, value);

        var move = new MoveFailedFilter(this, services.GetRequiredService<BrokerConnection>(), services.GetRequiredService<MessagingMetrics>(), services.GetRequiredService<TimeProvider>(),
            services.GetRequiredService<ILoggerFactory>().CreateLogger("PhotoPlatform.Messaging.Retry"));
        endpoint.ConfigureError(pipe => pipe.UseFilter(move));
        endpoint.ConfigureDeadLetter(pipe => pipe.UseFilter(move));
        endpoint.UseImmediateTries(Retry);
        Handle(endpoint, services);
    }

    protected abstract void Handle(IReceiveEndpointConfigurator endpoint, IServiceProvider services);
}

/// <summary>Makes the message that tells of a dead letter; null when the letter cannot be read.</summary>
internal delegate OutgoingMessage? DeadLetterNotice(byte[] body, string reason, Guid messageId, DateTimeOffset now);

/// <summary>How many messages a consumer holds and works on at once.</summary>
internal readonly record struct ConsumerLimits(ushort Prefetch, int Concurrency);

/// <summary>Runs a consumer: what happens around it decides its guarantee.</summary>
internal sealed class ConsumerEndpoint<TMessage, TConsumer>(string queue, string? exchange, ConsumerLimits limits, ConsumeAround around) : ConsumerEndpoint(queue, exchange, limits)
    where TMessage : class
    where TConsumer : class, IConsumer<TMessage>
{
    protected override void Handle(IReceiveEndpointConfigurator endpoint, IServiceProvider services) =>
        endpoint.Handler<TMessage>(async context =>
        {
            context.ReceiveContext.GetOrAddPayload(() => new Tries()).Add();
            await using var scope = services.CreateAsyncScope();
            var id = context.MessageId ?? throw new PermanentException("no-message-id", "The message has no id.");
            if (context.ReceiveContext.TransportHeaders.TryGetHeader("x-delivery-count", out var count) && Convert.ToInt64(count, CultureInfo.InvariantCulture) >= MaxRedeliveries)
                throw new PermanentException("too-many-deliveries", $"It was taken {count} times and never acknowledged: it may take its process down.");
            await around(scope.ServiceProvider, Queue, id, context, () => ActivatorUtilities.GetServiceOrCreateInstance<TConsumer>(scope.ServiceProvider).Consume(context));
        });
}

/// <summary>Calls a consumer for the message with the given id.</summary>
internal delegate Task ConsumeAround(IServiceProvider scope, string queue, Guid messageId, ConsumeContext<object> context, Func<Task> consume);

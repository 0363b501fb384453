using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using PhotoPlatform.Messaging.Broker;
using PhotoPlatform.Messaging.Consuming;
using PhotoPlatform.Messaging.Retry;

namespace PhotoPlatform.Messaging;

/// <summary>What a service consumes and publishes.</summary>
public sealed class MessagingBuilder
{
    private readonly IServiceCollection _services;
    private readonly string _service;
    private readonly ConsumeAround _around;

    internal MessagingBuilder(IServiceCollection services, string service, ConsumeAround around) => (_services, _service, _around) = (services, service, around);

    /// <summary>Declares that the service publishes this event.</summary>
    public MessagingBuilder Publishes<T>() where T : class
    {
        _services.AddSingleton(new PublishedEvent(MessageNames.ExchangeOf(typeof(T))));
        return this;
    }

    /// <summary>Takes every event of this type, in the queue <c>service-event-name</c>.</summary>
    /// <param name="retry">How failing messages are tried again; by default <see cref="RetryPolicy.Default"/>.</param>
    public MessagingBuilder Subscribe<TMessage, TConsumer>(RetryPolicy? retry = null)
        where TMessage : class
        where TConsumer : class, IConsumer<TMessage>
    {
        var exchange = MessageNames.ExchangeOf(typeof(TMessage));
        return Add<TMessage, TConsumer>($"{_service}-{exchange}", exchange, new ConsumerLimits(Prefetch: 16, Concurrency: 8), null, retry);
    }

    /// <summary>Takes the commands that are sent to a queue.</summary>
    /// <param name="queue">The queue's name.</param>
    /// <param name="prefetch">How many commands one process holds.</param>
    /// <param name="concurrency">How many it works on at once.</param>
    /// <param name="deadLettered">Makes the event that tells of a command that became a dead letter, from the command and the reason.</param>
    /// <param name="retry">How failing commands are tried again; by default <see cref="RetryPolicy.Default"/>.</param>
    public MessagingBuilder Receive<TMessage, TConsumer>(string queue, ushort prefetch, int concurrency, Func<TMessage, string, object>? deadLettered = null, RetryPolicy? retry = null)
        where TMessage : class
        where TConsumer : class, IConsumer<TMessage> =>
        Add<TMessage, TConsumer>(queue, null, new ConsumerLimits(prefetch, concurrency), deadLettered is null ? null : (body, reason, id, now) =>
            OutgoingMessage.Open<TMessage>(body) is { } message ? OutgoingMessage.Event(MessageId.FollowUp(id, $"{queue}.dead", 0), deadLettered(message, reason), now) : null, retry);

    private MessagingBuilder Add<TMessage, TConsumer>(string queue, string? exchange, ConsumerLimits limits, DeadLetterNotice? deadLettered, RetryPolicy? retry)
        where TMessage : class
        where TConsumer : class, IConsumer<TMessage>
    {
        _services.AddSingleton<ConsumerEndpoint>(new ConsumerEndpoint<TMessage, TConsumer>(queue, exchange, limits, _around) { DeadLettered = deadLettered, Retry = retry ?? RetryPolicy.Default });
        return this;
    }
}

using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Aspire.Hosting.Eventing
{
    public interface IDistributedApplicationEvent;

    /// <summary>An event of one resource.</summary>
    public interface IDistributedApplicationResourceEvent : IDistributedApplicationEvent
    {
        IResource Resource { get; }
    }

    public enum EventDispatchBehavior
    {
        BlockingSequential,
        BlockingConcurrent,
        NonBlockingSequential,
        NonBlockingConcurrent,
    }

    public class DistributedApplicationEventSubscription(Func<IDistributedApplicationEvent, CancellationToken, Task> callback)
    {
        public Func<IDistributedApplicationEvent, CancellationToken, Task> Callback => callback;
    }

    /// <summary>Publishes the events of the application's life to whoever subscribed. A handler that throws fails the publisher.</summary>
    public interface IDistributedApplicationEventing
    {
        DistributedApplicationEventSubscription Subscribe<T>(Func<T, CancellationToken, Task> callback) where T : IDistributedApplicationEvent;

        DistributedApplicationEventSubscription Subscribe<T>(IResource resource, Func<T, CancellationToken, Task> callback) where T : IDistributedApplicationResourceEvent;

        void Unsubscribe(DistributedApplicationEventSubscription subscription);

        Task PublishAsync<T>(T @event, CancellationToken cancellationToken = default) where T : IDistributedApplicationEvent;

        Task PublishAsync<T>(T @event, EventDispatchBehavior dispatchBehavior, CancellationToken cancellationToken = default) where T : IDistributedApplicationEvent;
    }

    internal sealed class DistributedApplicationEventing : IDistributedApplicationEventing
    {
        private readonly Lock _access = new();
        private readonly List<(Type Event, DistributedApplicationEventSubscription Subscription)> _subscriptions = [];

        public DistributedApplicationEventSubscription Subscribe<T>(Func<T, CancellationToken, Task> callback) where T : IDistributedApplicationEvent
        {
            var subscription = new DistributedApplicationEventSubscription((@event, cancellationToken) => callback((T)@event, cancellationToken));
            lock (_access)
                _subscriptions.Add((typeof(T), subscription));
            return subscription;
        }

        public DistributedApplicationEventSubscription Subscribe<T>(IResource resource, Func<T, CancellationToken, Task> callback) where T : IDistributedApplicationResourceEvent =>
            Subscribe<T>((@event, cancellationToken) => @event.Resource == resource ? callback(@event, cancellationToken) : Task.CompletedTask);

        public void Unsubscribe(DistributedApplicationEventSubscription subscription)
        {
            lock (_access)
                _subscriptions.RemoveAll(entry => entry.Subscription == subscription);
        }

        public Task PublishAsync<T>(T @event, CancellationToken cancellationToken = default) where T : IDistributedApplicationEvent =>
            PublishAsync(@event, EventDispatchBehavior.BlockingSequential, cancellationToken);

        public Task PublishAsync<T>(T @event, EventDispatchBehavior dispatchBehavior, CancellationToken cancellationToken = default) where T : IDistributedApplicationEvent
        {
            DistributedApplicationEventSubscription[] handlers;
            lock (_access)
                handlers = [.. _subscriptions.Where(entry => entry.Event == typeof(T)).Select(entry => entry.Subscription)];
            var handled = dispatchBehavior is EventDispatchBehavior.BlockingSequential or EventDispatchBehavior.NonBlockingSequential
                ? InTurnAsync(handlers, @event, cancellationToken)
                : Task.WhenAll(handlers.Select(handler => Task.Run(() => handler.Callback(@event, cancellationToken), cancellationToken)));
            return dispatchBehavior is EventDispatchBehavior.BlockingSequential or EventDispatchBehavior.BlockingConcurrent ? handled : Task.CompletedTask;
        }

        private static async Task InTurnAsync(DistributedApplicationEventSubscription[] handlers, IDistributedApplicationEvent @event, CancellationToken cancellationToken)
        {
            foreach (var handler in handlers)
                await handler.Callback(@event, cancellationToken);
        }
    }
}

namespace Aspire.Hosting.Lifecycle
{
    /// <summary>Subscribes to events before the application starts.</summary>
    public interface IDistributedApplicationEventingSubscriber
    {
        Task SubscribeAsync(IDistributedApplicationEventing eventing, DistributedApplicationExecutionContext executionContext, CancellationToken cancellationToken);
    }

    public static class EventingSubscriberServiceCollectionExtensions
    {
        public static void AddEventingSubscriber<T>(this IServiceCollection services) where T : class, IDistributedApplicationEventingSubscriber =>
            services.AddSingleton<IDistributedApplicationEventingSubscriber, T>();

        public static void TryAddEventingSubscriber<T>(this IServiceCollection services) where T : class, IDistributedApplicationEventingSubscriber =>
            services.TryAddEnumerable(ServiceDescriptor.Singleton<IDistributedApplicationEventingSubscriber, T>());
    }
}

using System.Collections.Concurrent;
using System.Collections.Immutable;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using LocalHosting.Health;

namespace LocalHosting.Running;

/// <summary>Everything that is a process in this run. Replicas come and go until the roster is closed.</summary>
internal sealed class ProcessRoster(DistributedApplicationModel model, HealthMonitor health, RuntimeServices runtime) : IDisposable
{
    private readonly Lock _access = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly ConcurrentDictionary<IResource, SemaphoreSlim> _changes = [];
    private ImmutableList<Entry> _entries = [];
    private bool _isClosed;

    public IEnumerable<ResourceController> All => _entries.Select(entry => entry.Controller);

    /// <summary>Cancelled when nothing may be started any more.</summary>
    public CancellationToken Closing => _closing.Token;

    /// <summary>The controllers of a resource: its own, or those of its replicas in the order of their numbers.</summary>
    public IReadOnlyList<ResourceController> Of(IResource resource) => [.. All.Where(controller => controller.Resource == resource || controller.Resource.InModel() == resource)];

    /// <summary>The controller of a process that is not started yet. From now on its health is watched, and it has its commands.</summary>
    /// <exception cref="DistributedApplicationException">The application stops.</exception>
    public ResourceController Add(IResource instance)
    {
        var isAwaited = model.Resources.SelectMany(resource => resource.Annotations.OfType<WaitAnnotation>())
            .Any(wait => wait.WaitType == WaitType.WaitForCompletion && wait.Resource == instance.InModel());
        var controller = new ResourceController(instance, instance.Recipe()!, isAwaited, runtime);
        LifecycleCommands.AddTo(instance, this, runtime.Notifications);
        lock (_access)
        {
            if (_isClosed)
                throw new DistributedApplicationException("The application stops.");
            runtime.Notifications.Update(instance, snapshot => snapshot with { State = snapshot.State ?? KnownResourceStates.NotStarted });
            var unfollow = new CancellationTokenSource();
            _entries = _entries.Add(new Entry(controller, unfollow, health.FollowAsync(instance, unfollow.Token)));
        }
        return controller;
    }

    /// <summary>Stops the process and returns when nothing of it is left.</summary>
    public async Task RemoveAsync(ResourceController controller)
    {
        await controller.RetireAsync();
        Entry entry;
        lock (_access)
        {
            entry = _entries.Single(entry => entry.Controller == controller);
            _entries = _entries.Remove(entry);
        }
        await entry.Unfollow.CancelAsync();
        await entry.Following;
        // Not its controller: a stop of everything may be about to ask it too.
        entry.Unfollow.Dispose();
    }

    /// <summary>Waits until nobody else changes the processes of the resources as a whole. Dispose the result when the change is done.</summary>
    /// <exception cref="DistributedApplicationException">The application stops.</exception>
    public async Task<IDisposable> ChangeAsync(params IEnumerable<IResource> resources)
    {
        var change = new Change();
        try
        {
            // Always in the same order, so that two never wait for each other.
            foreach (var resource in resources.OrderBy(resource => resource.Name, StringComparer.Ordinal))
                await change.AddAsync(_changes.GetOrAdd(resource, _ => new SemaphoreSlim(1, 1)), Closing);
            return change;
        }
        catch (OperationCanceledException exception)
        {
            change.Dispose();
            throw new DistributedApplicationException("The application stops.", exception);
        }
    }

    /// <summary>From now on nothing is added.</summary>
    public void Close()
    {
        lock (_access)
            _isClosed = true;
        _closing.Cancel();
    }

    public async Task UnfollowAsync()
    {
        foreach (var entry in _entries)
            await entry.Unfollow.CancelAsync();
        await Task.WhenAll(_entries.Select(entry => entry.Following));
    }

    public void Dispose()
    {
        foreach (var entry in _entries)
            entry.Dispose();
        _closing.Dispose();
    }

    private sealed record Entry(ResourceController Controller, CancellationTokenSource Unfollow, Task Following) : IDisposable
    {
        public void Dispose()
        {
            Controller.Dispose();
            Unfollow.Dispose();
        }
    }

    private sealed class Change : IDisposable
    {
        private readonly List<SemaphoreSlim> _held = [];

        public async Task AddAsync(SemaphoreSlim change, CancellationToken cancellationToken)
        {
            await change.WaitAsync(cancellationToken);
            _held.Add(change);
        }

        public void Dispose() => _held.ForEach(change => change.Release());
    }
}

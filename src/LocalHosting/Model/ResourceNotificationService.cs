using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>The current snapshot of every resource, and a stream of its changes.</summary>
public class ResourceNotificationService
{
    private readonly TimeProvider _time;
    private readonly Lock _access = new();
    private readonly Dictionary<IResource, CustomResourceSnapshot> _snapshots = [];
    private readonly ConcurrentDictionary<ChannelWriter<ResourceEvent>, bool> _watchers = [];

    internal ResourceNotificationService(TimeProvider time)
    {
        _time = time;
    }

    public Task PublishUpdateAsync(IResource resource, Func<CustomResourceSnapshot, CustomResourceSnapshot> stateFactory)
    {
        Update(resource, stateFactory);
        return Task.CompletedTask;
    }

    /// <summary>First the current snapshot of every resource, then every change.</summary>
    public async IAsyncEnumerable<ResourceEvent> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var channel = Channel.CreateUnbounded<ResourceEvent>();
        lock (_access)
        {
            foreach (var (resource, snapshot) in _snapshots)
                channel.Writer.TryWrite(new ResourceEvent(resource, resource.Name, snapshot));
            _watchers[channel.Writer] = true;
        }
        try
        {
            await foreach (var change in channel.Reader.ReadAllAsync(cancellationToken))
                yield return change;
        }
        finally
        {
            _watchers.TryRemove(channel.Writer, out _);
        }
    }

    /// <summary>Waits for a state by its text; default: Running.</summary>
    public Task WaitForResourceAsync(string resourceName, string? targetState = null, CancellationToken cancellationToken = default) =>
        WaitForResourceAsync(resourceName, [targetState ?? KnownResourceStates.Running], cancellationToken);

    /// <summary>Waits for any of the states and says which one came.</summary>
    public async Task<string> WaitForResourceAsync(string resourceName, IEnumerable<string> targetStates, CancellationToken cancellationToken = default)
    {
        var states = targetStates.ToArray();
        var reached = await WaitForResourceAsync(resourceName, change => states.Contains(change.Snapshot.State?.Text, StringComparer.OrdinalIgnoreCase), cancellationToken);
        return reached.Snapshot.State!.Text;
    }

    public async Task<ResourceEvent> WaitForResourceAsync(string resourceName, Func<ResourceEvent, bool> predicate, CancellationToken cancellationToken = default)
    {
        await foreach (var change in WatchAsync(cancellationToken))
        {
            if (string.Equals(change.Resource.Name, resourceName, StringComparison.OrdinalIgnoreCase) && predicate(change))
                return change;
        }
        throw new OperationCanceledException($"No more changes of '{resourceName}'.");
    }

    /// <summary>Waits until the resource is healthy and the handlers of its <see cref="ResourceReadyEvent"/> are done.</summary>
    public async Task<ResourceEvent> WaitForResourceHealthyAsync(string resourceName, CancellationToken cancellationToken = default)
    {
        var healthy = await WaitForResourceAsync(resourceName,
            change => change.Snapshot is { HealthStatus: HealthStatus.Healthy, Ready: not null }, cancellationToken);
        await healthy.Snapshot.Ready!.WaitAsync(cancellationToken);
        return healthy;
    }

    public bool TryGetCurrentState(string resourceId, [NotNullWhen(true)] out ResourceEvent? resourceEvent)
    {
        lock (_access)
        {
            var found = _snapshots.FirstOrDefault(entry => string.Equals(entry.Key.Name, resourceId, StringComparison.OrdinalIgnoreCase));
            resourceEvent = found.Key is null ? null : new ResourceEvent(found.Key, found.Key.Name, found.Value);
        }
        return resourceEvent is not null;
    }

    internal CustomResourceSnapshot Snapshot(IResource resource)
    {
        lock (_access)
            return Current(resource);
    }

    internal ResourceEvent Update(IResource resource, Func<CustomResourceSnapshot, CustomResourceSnapshot> change)
    {
        lock (_access)
        {
            // Whoever still has something to say about a replica that has been taken away must not bring it back.
            if (resource is ReplicaResource replica && !replica.Project.Replicas().Contains(replica))
                return new ResourceEvent(resource, resource.Name, change(Current(resource)));
            var notice = Set(resource, change(Current(resource)));
            if (resource.InModel() != resource)
                Combine(resource.InModel());
            return notice;
        }
    }

    /// <summary>Forgets replicas that their project has no more.</summary>
    internal void Forget(IEnumerable<ReplicaResource> replicas)
    {
        lock (_access)
        {
            foreach (var replica in replicas)
            {
                _snapshots.Remove(replica);
                Combine(replica.Project);
            }
        }
    }

    private void Combine(IResource project) =>
        Set(project, ReplicaSnapshots.Combine(Current(project), [.. project.Replicas().Select(replica => (replica.Name, Current(replica)))]));

    private ResourceEvent Set(IResource resource, CustomResourceSnapshot snapshot)
    {
        _snapshots[resource] = snapshot;
        var notice = new ResourceEvent(resource, resource.Name, snapshot);
        foreach (var watcher in _watchers.Keys)
            watcher.TryWrite(notice);
        return notice;
    }

    private CustomResourceSnapshot Current(IResource resource) => _snapshots.TryGetValue(resource, out var snapshot) ? snapshot : Initial(resource);

    private CustomResourceSnapshot Initial(IResource resource)
    {
        var given = resource.TryGetLastAnnotation<ResourceSnapshotAnnotation>(out var annotation) ? annotation.InitialSnapshot : null;
        return (given ?? new CustomResourceSnapshot { ResourceType = TypeName(resource), Properties = [] }) with
        {
            CreationTimeStamp = _time.GetUtcNow().UtcDateTime,
        };
    }

    private static string TypeName(IResource resource)
    {
        var name = resource.GetType().Name;
        return name.EndsWith("Resource", StringComparison.Ordinal) ? name[..^"Resource".Length] : name;
    }
}

using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using LocalHosting.Network;

namespace LocalHosting.Running;

/// <summary>Changes how many replicas a project has while the application runs. Their names and ports stay the same over all changes.</summary>
internal sealed class Scaling(Replication replication, EndpointAllocator endpoints, ProcessRoster roster, ResourceLinks links, RuntimeServices runtime)
{
    /// <summary>
    /// Adds replicas and returns when they run, or stops those with the highest numbers and returns when nothing of them is left. Two changes of one
    /// resource come one after the other; who only waits for new replicas to run holds up nobody.
    /// </summary>
    /// <param name="resource">A project that was declared with <c>WithReplicas</c>.</param>
    /// <param name="replicas">How many there shall be, 0 to <see cref="ReplicasAnnotation.Most"/>.</param>
    /// <exception cref="DistributedApplicationException">The resource has no replicas, there cannot be so many, a new one failed to start, or the application stops.</exception>
    public Task ScaleAsync(IResource resource, int replicas) => ScaleAsync(resource, _ => replicas);

    /// <inheritdoc cref="ScaleAsync(IResource, int)"/>
    /// <param name="resource">A project that was declared with <c>WithReplicas</c>.</param>
    /// <param name="next">From how many there are to how many there shall be.</param>
    public async Task ScaleAsync(IResource resource, Func<int, int> next)
    {
        if (resource is not ProjectResource project || !project.TryGetLastAnnotation<ReplicasAnnotation>(out var set))
        {
            throw new DistributedApplicationException(resource is ReplicaResource replica
                ? $"{resource.Name} is a replica of {replica.Project.Name}; scale that."
                : $"{resource.Name} was not declared with WithReplicas; declare it so in Program.cs to scale it.");
        }
        var added = new List<ResourceController>();
        using (await roster.ChangeAsync(project))
        {
            var replicas = next(set.Replicas.Count);
            if (replicas is < 0 or > ReplicasAnnotation.Most)
                throw new DistributedApplicationException($"{resource.Name} can have 0 to {ReplicasAnnotation.Most} replicas, not {replicas}.");
            if (replicas < set.Replicas.Count)
                await RemoveAsync(set, keep: replicas);
            while (set.Replicas.Count < replicas)
                added.Add(await AddAsync(project, set));
        }
        await Task.WhenAll(added.Select(controller => controller.Created));
    }

    private async Task<ResourceController> AddAsync(ProjectResource project, ReplicasAnnotation set)
    {
        var replica = replication.Create(project, set.Replicas.Count + 1);
        runtime.RunFile.PortsAdded(endpoints.Allocate([replica]));
        set.Replicas = set.Replicas.Add(replica);
        var controller = roster.Add(replica);
        await links.ShowAsync(replica, roster.Closing);
        await controller.StartAsync();
        return controller;
    }

    private async Task RemoveAsync(ReplicasAnnotation set, int keep)
    {
        var leaving = set.Replicas.Skip(keep).ToArray();
        await Task.WhenAll(leaving.SelectMany(roster.Of).Select(roster.RemoveAsync));
        set.Replicas = set.Replicas.GetRange(0, keep);
        runtime.Notifications.Forget(leaving);
        foreach (var replica in leaving)
            runtime.RunFile.PortsRemoved(replica.Name);
    }
}

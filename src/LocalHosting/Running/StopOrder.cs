using Aspire.Hosting.ApplicationModel;

namespace LocalHosting.Running;

/// <summary>Who has to be gone before whom: a resource stops after everything that waits for it, refers to it or belongs to it.</summary>
internal static class StopOrder
{
    /// <summary>For each resource, those that must have stopped before it. Edges that would close a circle are left out.</summary>
    public static IReadOnlyDictionary<IResource, IReadOnlyList<IResource>> DependentsFirst(IReadOnlyCollection<IResource> resources)
    {
        var dependents = resources.ToDictionary(resource => resource, _ => new List<IResource>());
        var finished = new HashSet<IResource>();
        var path = new HashSet<IResource>();
        foreach (var resource in resources)
            Visit(resource);
        return dependents.ToDictionary(entry => entry.Key, entry => (IReadOnlyList<IResource>)entry.Value);

        void Visit(IResource resource)
        {
            if (finished.Contains(resource) || !path.Add(resource))
                return;
            foreach (var dependency in Dependencies(resource))
            {
                if (path.Contains(dependency) || !dependents.TryGetValue(dependency, out var list))
                    continue;
                list.Add(resource);
                Visit(dependency);
            }
            path.Remove(resource);
            finished.Add(resource);
        }
    }

    // A database has no process: whoever depends on it depends on its server.
    private static IEnumerable<IResource> Dependencies(IResource resource) =>
        resource.Annotations.OfType<WaitAnnotation>().Select(wait => wait.Resource)
            .Concat(resource.Annotations.OfType<ResourceRelationshipAnnotation>().Where(edge => edge.Type is "Parent" or "Reference").Select(edge => edge.Resource))
            .Concat(resource.ParentOf() is { } parent ? [parent] : [])
            .SelectMany(Carriers)
            .Where(dependency => dependency != resource)
            .Distinct();

    private static IEnumerable<IResource> Carriers(IResource dependency) =>
        dependency.Recipe() is null && dependency.ParentOf() is { } parent ? Carriers(parent) : dependency.Instances();
}

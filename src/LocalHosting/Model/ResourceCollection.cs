using System.Collections.ObjectModel;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>The resources of an application.</summary>
public interface IResourceCollection : IList<IResource>;

/// <summary>The finished model, as handlers of <see cref="BeforeStartEvent"/> see it.</summary>
public class DistributedApplicationModel(IEnumerable<IResource> resources)
{
    public IResourceCollection Resources { get; } = resources as IResourceCollection ?? new ResourceCollection(resources);

    internal IEnumerable<IResource> WithReplicas => Resources.SelectMany(resource => resource.AndReplicas());

    /// <summary>A resource or a replica.</summary>
    internal IResource? Find(string name) => WithReplicas.FirstOrDefault(resource => string.Equals(resource.Name, name, StringComparison.OrdinalIgnoreCase));
}

/// <summary>Finds projects in the model.</summary>
public static class ProjectResourceExtensions
{
    public static IEnumerable<ProjectResource> GetProjectResources(this DistributedApplicationModel model) => model.Resources.OfType<ProjectResource>();
}

internal sealed class ResourceCollection : Collection<IResource>, IResourceCollection
{
    public ResourceCollection()
    {
    }

    public ResourceCollection(IEnumerable<IResource> resources)
        : base([.. resources])
    {
    }
}

using System.Diagnostics.CodeAnalysis;
using LocalHosting.Infrastructure;
using LocalHosting.Processes;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>Reads a resource's annotations.</summary>
public static class ResourceExtensions
{
    public static bool TryGetLastAnnotation<T>(this IResource resource, [NotNullWhen(true)] out T? annotation) where T : IResourceAnnotation
    {
        annotation = resource.Annotations.OfType<T>().LastOrDefault();
        return annotation is not null;
    }

    public static bool TryGetAnnotationsOfType<T>(this IResource resource, [NotNullWhen(true)] out IEnumerable<T>? result) where T : IResourceAnnotation
    {
        var found = resource.Annotations.OfType<T>().ToArray();
        result = found.Length > 0 ? found : null;
        return result is not null;
    }

    /// <summary>A reference to an endpoint, which may be declared later.</summary>
    public static EndpointReference GetEndpoint(this IResourceWithEndpoints resource, string endpointName) => new(resource, endpointName);

    public static IEnumerable<EndpointReference> GetEndpoints(this IResourceWithEndpoints resource) =>
        resource.Annotations.OfType<EndpointAnnotation>().Select(endpoint => new EndpointReference(resource, endpoint.Name)).ToArray();

    internal static bool IsExplicitStart(this IResource resource) => resource.Annotations.OfType<ExplicitStartupAnnotation>().Any();

    /// <summary>Null for a resource without a process. An executable resource of the AppHost's own needs no annotation.</summary>
    internal static IProcessRecipe? Recipe(this IResource resource) =>
        resource.Annotations.OfType<ProcessRecipeAnnotation>().LastOrDefault()?.Recipe ?? (resource is ExecutableResource executable ? new ExecutableRecipe(executable) : null);

    /// <summary>Whether the resource runs as replicas, of which there may be none at the moment.</summary>
    internal static bool IsReplicated(this IResource resource) => resource.Annotations.OfType<ReplicasAnnotation>().Any();

    /// <summary>Empty for a resource that is a process itself.</summary>
    internal static IReadOnlyList<ReplicaResource> Replicas(this IResource resource) => resource.Annotations.OfType<ReplicasAnnotation>().LastOrDefault()?.Replicas ?? [];

    /// <summary>The resource itself, and its replicas.</summary>
    internal static IEnumerable<IResource> AndReplicas(this IResource resource) => [resource, .. resource.Replicas()];

    /// <summary>What becomes a process, or stands for itself: the replicas of a resource, else the resource.</summary>
    internal static IEnumerable<IResource> Instances(this IResource resource) => resource.IsReplicated() ? resource.Replicas() : [resource];

    /// <summary>The resource of the model to which a replica belongs, else the resource itself.</summary>
    internal static IResource InModel(this IResource resource) => resource is ReplicaResource replica ? replica.Project : resource;

    /// <summary>A database elsewhere has no parent here.</summary>
    internal static IResource? ParentOf(this IResource resource) => resource.External() is null ? (resource as IResourceWithParent)?.Parent : null;

    /// <summary>The keys of the checks that decide over a resource's health: its own and its parents'.</summary>
    internal static string[] HealthCheckKeys(this IResource resource) => [.. resource.HealthChecks().Select(check => check.Key)];

    internal static IEnumerable<HealthCheckAnnotation> HealthChecks(this IResource resource) =>
        resource.Annotations.OfType<HealthCheckAnnotation>().Concat(resource.ParentOf() is { } parent ? parent.HealthChecks() : []).DistinctBy(check => check.Key);
}

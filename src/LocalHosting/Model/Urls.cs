using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Aspire.Hosting.ApplicationModel;

public enum UrlDisplayLocation
{
    SummaryAndDetails,
    DetailsOnly,
}

/// <summary>A link that the dashboard shows for a resource.</summary>
public sealed class ResourceUrlAnnotation : IResourceAnnotation
{
    public required string Url { get; set; }

    public string? DisplayText { get; set; }

#pragma warning disable CA1051 // a field in Aspire's API as well
    public int? DisplayOrder;
#pragma warning restore CA1051

    public UrlDisplayLocation DisplayLocation { get; set; }

    public EndpointReference? Endpoint { get; init; }
}

/// <summary>Given to callbacks that add, change or remove links once the ports are known.</summary>
public class ResourceUrlsCallbackContext(DistributedApplicationExecutionContext executionContext, IResource resource,
    List<ResourceUrlAnnotation>? urls = null, CancellationToken cancellationToken = default)
{
    public List<ResourceUrlAnnotation> Urls { get; } = urls ?? [];

    public IResource Resource => resource;

    public ILogger Logger { get; set; } = NullLogger.Instance;

    public CancellationToken CancellationToken => cancellationToken;

    public DistributedApplicationExecutionContext ExecutionContext => executionContext;

    /// <summary>Null if the resource has no endpoint of that name.</summary>
    public EndpointReference? GetEndpoint(string name) =>
        resource is IResourceWithEndpoints owner && new EndpointReference(owner, name) is { Exists: true } endpoint ? endpoint : null;
}

/// <summary>Changes the links of a resource.</summary>
public sealed class ResourceUrlsCallbackAnnotation(Func<ResourceUrlsCallbackContext, Task> callback) : IResourceAnnotation
{
    public Func<ResourceUrlsCallbackContext, Task> Callback => callback;
}

using Aspire.Hosting.ApplicationModel;
using LocalHosting.Health;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting;

public static partial class ResourceBuilderExtensions
{
    /// <summary>Ties a check registered with <c>Services.AddHealthChecks()</c> to the resource.</summary>
    public static IResourceBuilder<T> WithHealthCheck<T>(this IResourceBuilder<T> builder, string key) where T : IResource => builder.WithHealthCheck(new HealthCheckAnnotation(key));

    /// <summary>The resource is healthy when GET on the path (default <c>/</c>) answers exactly the status (default 200).</summary>
    public static IResourceBuilder<T> WithHttpHealthCheck<T>(this IResourceBuilder<T> builder, string? path = null, int? statusCode = null, string? endpointName = null)
        where T : IResourceWithEndpoints => builder.WithHttpHealthCheck(() => HttpEndpointOf(builder.Resource, endpointName), path, statusCode);

    /// <inheritdoc cref="WithHttpHealthCheck{T}(IResourceBuilder{T}, string?, int?, string?)"/>
    /// <exception cref="DistributedApplicationException">The endpoint does not exist, or does not speak HTTP.</exception>
    public static IResourceBuilder<T> WithHttpHealthCheck<T>(this IResourceBuilder<T> builder, Func<EndpointReference>? endpointSelector, string? path = null,
        int? statusCode = null) where T : IResourceWithEndpoints
    {
        var endpoint = endpointSelector?.Invoke() ?? HttpEndpointOf(builder.Resource, endpointName: null);
        if (!endpoint.Exists || endpoint.Scheme is not ("http" or "https"))
            throw new DistributedApplicationException($"The health check of '{builder.Resource.Name}' needs an HTTP endpoint '{endpoint.EndpointName}', declared before it.");
        var check = new HttpHealthCheckAnnotation(builder.Resource.Name, endpoint, path ?? "/", statusCode ?? 200);
        builder.ApplicationBuilder.Services.AddHealthChecks().Add(check.Registration());
        return builder.WithHealthCheck(check);
    }

    private static IResourceBuilder<T> WithHealthCheck<T>(this IResourceBuilder<T> builder, HealthCheckAnnotation check) where T : IResource =>
        builder.Resource.Annotations.OfType<HealthCheckAnnotation>().Any(other => other.Key == check.Key)
            ? throw new DistributedApplicationException($"Resource '{builder.Resource.Name}' has the health check '{check.Key}' twice.")
            : builder.WithAnnotation(check);
}

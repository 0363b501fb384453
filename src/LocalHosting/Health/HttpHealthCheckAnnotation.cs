using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LocalHosting.Health;

/// <summary>A health check that asks an endpoint. Kept with its parts, so that each replica can have one of its own.</summary>
internal sealed class HttpHealthCheckAnnotation(string resource, EndpointReference endpoint, string path, int status)
    : HealthCheckAnnotation($"{resource}_{endpoint.EndpointName}_{path}_{status}_check")
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    public HealthCheckRegistration Registration() =>
        new(Key, _ => new HttpEndpointCheck(_ => new(new Uri(new Uri(endpoint.Url), path)), status), failureStatus: null, tags: null, timeout: Timeout);

    /// <summary>The same check of a replica's endpoint; one that asks another resource stays as it is.</summary>
    public HttpHealthCheckAnnotation For(ReplicaResource replica) =>
        endpoint.Resource == replica.Project ? new(replica.Name, replica.GetEndpoint(endpoint.EndpointName), path, status) : this;
}

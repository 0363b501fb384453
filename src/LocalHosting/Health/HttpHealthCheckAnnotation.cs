using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LocalHosting.Health;

/// <summary>
/// A health check that asks an endpoint. Kept with its parts, so that each replica can have one of its own. The runtime asks by itself, not through the
/// health check service: that reads a list which must not change, and replicas come and go.
/// </summary>
internal sealed class HttpHealthCheckAnnotation(string resource, EndpointReference endpoint, string path, int status)
    : HealthCheckAnnotation($"{resource}_{endpoint.EndpointName}_{path}_{status}_check")
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    public HealthCheckRegistration Registration() =>
        new(Key, _ => Check(), failureStatus: null, tags: null, timeout: Timeout);

    /// <summary>One answer, or the lack of it; never an exception.</summary>
    public async Task<HealthReportSnapshot> AskAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Timeout);
        var result = await Check().CheckHealthAsync(new HealthCheckContext(), limit.Token);
        return new HealthReportSnapshot(Key, result.Status, result.Description, null);
    }

    /// <summary>The same check of a replica's endpoint; one that asks another resource stays as it is.</summary>
    public HttpHealthCheckAnnotation For(ReplicaResource replica) =>
        endpoint.Resource == replica.Project ? new(replica.Name, replica.GetEndpoint(endpoint.EndpointName), path, status) : this;

    private HttpEndpointCheck Check() => new(_ => new(new Uri(new Uri(endpoint.Url), path)), status);
}

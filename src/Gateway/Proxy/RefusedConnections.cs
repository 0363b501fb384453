using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace PhotoPlatform.Gateway.Proxy;

/// <summary>
/// Takes a replica out of the rotation for the cluster's <c>ReactivationPeriod</c> as soon as it refuses a connection. Nothing else counts: a connection
/// that breaks in the middle may be the request's own fault, and nobody's request may take a replica out.
/// </summary>
internal sealed class RefusedConnections(IDestinationHealthUpdater health) : IPassiveHealthCheckPolicy
{
    private static readonly TimeSpan DefaultPeriod = TimeSpan.FromSeconds(2);

    /// <summary>As the configuration names it.</summary>
    public string Name => "RefusedConnections";

    /// <summary>Whether the connection was never made, so that nothing of the request was sent.</summary>
    internal static bool Is(IForwarderErrorFeature error) =>
        error is { Error: ForwarderError.Request, Exception: HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } };

    public void RequestProxied(HttpContext context, ClusterState cluster, DestinationState destination)
    {
        if (context.Features.Get<IForwarderErrorFeature>() is { } error && Is(error))
            health.SetPassive(cluster, destination, DestinationHealth.Unhealthy, cluster.Model.Config.HealthCheck?.Passive?.ReactivationPeriod ?? DefaultPeriod);
    }
}

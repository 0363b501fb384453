using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace PhotoPlatform.Gateway.Proxy;

/// <summary>
/// Which replicas get requests: those whose last probe was good. While there is none, those of which nothing bad is known; without any such, all of them.
/// So a new replica waits for its first good probe as long as another one serves, and a single one is never left out.
/// </summary>
internal sealed class ReadyReplicas : IAvailableDestinationsPolicy
{
    /// <summary>As the configuration names it.</summary>
    public string Name => "ReadyReplicas";

    public IReadOnlyList<DestinationState> GetAvailalableDestinations(ClusterConfig config, IReadOnlyList<DestinationState> allDestinations)
    {
        DestinationState[] well = [.. allDestinations.Where(replica => replica.Health is { Active: not DestinationHealth.Unhealthy, Passive: not DestinationHealth.Unhealthy })];
        DestinationState[] ready = [.. well.Where(replica => replica.Health.Active == DestinationHealth.Healthy)];
        return ready.Length > 0 ? ready : well.Length > 0 ? well : allDestinations;
    }
}

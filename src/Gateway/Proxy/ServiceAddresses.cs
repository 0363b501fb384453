using System.Collections.Concurrent;
using Microsoft.Extensions.Primitives;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.ServiceDiscovery;

namespace PhotoPlatform.Gateway.Proxy;

/// <summary>
/// Where the services listen: each replica by itself, as <see cref="ReplicaWatch"/> follows them, otherwise <c>services:NAME:http:N</c>, as an AppHost
/// passes it at the start. A change reaches the proxy at once, and leaves the replicas that stay as they are: a destination's id is its address.
/// </summary>
internal sealed class ServiceAddresses(IConfiguration configuration) : IDestinationResolver
{
    private readonly ConcurrentDictionary<string, Replicas> _followed = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The addresses of a service's replicas, or the configured ones while none is known.</summary>
    /// <exception cref="InvalidOperationException">None is known and none is configured.</exception>
    internal string[] Of(string service) => OrConfigured(service, Followed(service));

    /// <summary>The addresses that the AppHost passed: with replicas that come and go, a proxy's, which has a connection wait while none of them listens.</summary>
    /// <exception cref="InvalidOperationException">None is configured.</exception>
    internal string[] Configured(string service)
    {
        var addresses = configuration.GetSection($"services:{service}:http").GetChildren().Select(child => child.Value).OfType<string>().ToArray();
        return addresses.Length > 0 ? addresses : throw new InvalidOperationException($"No address of '{service}' is configured: set the environment variable services__{service}__http__0.");
    }

    /// <summary>From now on these are a service's replicas; none of them means the configured addresses. False when they are the same as before.</summary>
    internal bool Follow(string service, string[] addresses)
    {
        var before = Followed(service);
        if (before.Addresses.SequenceEqual(addresses))
            return false;
        _followed[service] = new Replicas(addresses);
        before.Changed.Cancel();
        return true;
    }

    public ValueTask<ResolvedDestinationCollection> ResolveDestinationsAsync(IReadOnlyDictionary<string, DestinationConfig> destinations, CancellationToken cancellationToken)
    {
        var resolved = new Dictionary<string, DestinationConfig>();
        var changes = new List<IChangeToken>();
        foreach (var destination in destinations.Values)
        {
            var service = new Uri(destination.Address).Host;
            var followed = Followed(service);
            changes.Add(new CancellationChangeToken(followed.Changed.Token));
            foreach (var address in OrConfigured(service, followed))
                resolved[address] = destination with { Address = address };
        }
        return ValueTask.FromResult(new ResolvedDestinationCollection(resolved, new CompositeChangeToken(changes)));
    }

    private Replicas Followed(string service) => _followed.GetOrAdd(service, _ => new Replicas([]));

    private string[] OrConfigured(string service, Replicas followed) => followed.Addresses.Length > 0 ? followed.Addresses : Configured(service);

    private sealed record Replicas(string[] Addresses)
    {
        /// <summary>Cancelled when these are no longer the replicas.</summary>
        internal CancellationTokenSource Changed { get; } = new();
    }
}

using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.ServiceDiscovery;

namespace PhotoPlatform.Gateway.Proxy;

/// <summary>Where the services listen: <c>services:NAME:http:N</c>, as an AppHost passes it.</summary>
internal sealed class ServiceAddresses(IConfiguration configuration) : IDestinationResolver
{
    /// <summary>The addresses of a service.</summary>
    /// <exception cref="InvalidOperationException">None is configured.</exception>
    internal string[] Of(string service)
    {
        var addresses = configuration.GetSection($"services:{service}:http").GetChildren().Select(child => child.Value).OfType<string>().ToArray();
        return addresses.Length > 0 ? addresses : throw new InvalidOperationException($"No address of '{service}' is configured: set the environment variable services__{service}__http__0.");
    }

    public ValueTask<ResolvedDestinationCollection> ResolveDestinationsAsync(IReadOnlyDictionary<string, DestinationConfig> destinations, CancellationToken cancellationToken)
    {
        var resolved = new Dictionary<string, DestinationConfig>();
        foreach (var (name, destination) in destinations)
        {
            var addresses = Of(new Uri(destination.Address).Host);
            for (var i = 0; i < addresses.Length; i++)
                resolved[$"{name}-{i}"] = destination with { Address = addresses[i] };
        }
        return ValueTask.FromResult(new ResolvedDestinationCollection(resolved, null));
    }
}

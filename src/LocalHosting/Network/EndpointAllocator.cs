using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace LocalHosting.Network;

/// <summary>
/// Gives every endpoint its port. A program listens on the public port itself; before the replicas of a project, a <see cref="ReplicaProxy"/> does,
/// and each of them listens on a port of its own.
/// </summary>
internal sealed class EndpointAllocator(PortRegistry ports)
{
    /// <summary>All ports of the resources and their replicas by <c>resource/endpoint</c>.</summary>
    /// <exception cref="DistributedApplicationException">A fixed port is taken, used twice, or contradicts the program's own port.</exception>
    public SortedDictionary<string, int> Allocate(IEnumerable<IResource> resources)
    {
        var allocated = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var resource in resources.SelectMany(resource => resource.AndReplicas()))
        {
            foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>())
            {
                // Of a server that runs elsewhere.
                if (endpoint.AllocatedEndpoint is not null)
                    continue;
                var key = $"{resource.Name}/{endpoint.Name}";
                var port = FixedPort(resource, endpoint) is { } given ? Checked(key, given, resource.IsExplicitStart() && !resource.IsReplicated(), allocated) : ports.Get(key);
                allocated[key] = port;
                endpoint.AllocatedEndpoint = new AllocatedEndpoint(endpoint, "localhost", port, port.ToString(CultureInfo.InvariantCulture));
            }
        }
        return allocated;
    }

    public static string TakenPort(string resource, string endpoint, int port) =>
        $"{resource}: port {port} of endpoint '{endpoint}' is taken{Taker(port)}; stop that program or choose another port.";

    public static string Taker(int port) => PortProbe.Owner(port) is { } pid ? $" by process {pid} ({ProgramName(pid)})" : "";

    private static int? FixedPort(IResource resource, EndpointAnnotation endpoint)
    {
        // The target port of a server is the one inside its container image; there is none here.
        if (resource is ContainerResource)
            return endpoint.Port;
        if (endpoint is { IsProxied: false, Port: null, TargetPort: null })
            throw new DistributedApplicationException($"Endpoint '{endpoint.Name}' of resource '{resource.Name}' has no proxy, so it needs a port.");
        if (endpoint.Port is { } port && endpoint.TargetPort is { } target && port != target)
        {
            throw new DistributedApplicationException(
                $"Endpoint '{endpoint.Name}' of resource '{resource.Name}' asks for a proxy from port {port} to port {target}, which there is not; give only one of the two.");
        }
        return endpoint.Port ?? endpoint.TargetPort;
    }

    private static int Checked(string key, int port, bool startsLater, SortedDictionary<string, int> allocated)
    {
        var (name, endpoint) = (key[..key.IndexOf('/', StringComparison.Ordinal)], key[(key.IndexOf('/', StringComparison.Ordinal) + 1)..]);
        var other = allocated.FirstOrDefault(entry => entry.Value == port).Key;
        if (other is not null)
            throw new DistributedApplicationException($"{name}: port {port} of endpoint '{endpoint}' is also the port of {other}; change one of them.");
        if (!startsLater && !PortProbe.IsFree(port))
            throw new DistributedApplicationException(TakenPort(name, endpoint, port));
        return port;
    }

    private static string ProgramName(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/comm").Trim();
        }
        catch (IOException)
        {
            return "ended meanwhile";
        }
    }
}

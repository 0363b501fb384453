using System.Collections.Immutable;
using System.Net;
using Aspire.Hosting.ApplicationModel;

namespace LocalHosting.Network;

/// <summary>The proxies of all replicated projects. What is no replica has none, and nothing happens for it here.</summary>
internal sealed class ReplicaProxies(DistributedApplicationModel model, TimeProvider time) : IAsyncDisposable
{
    // By then the replica has begun with what it was given, and stops only when it has ended that.
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(5);

    private ImmutableArray<ReplicaProxy> _proxies = [];

    /// <summary>Listens on the public port of every endpoint of every replicated project.</summary>
    /// <exception cref="Aspire.Hosting.DistributedApplicationException">A port is taken.</exception>
    public void Open()
    {
        foreach (var project in model.Resources.OfType<ProjectResource>().Where(project => project.IsReplicated()))
        {
            foreach (var endpoint in project.GetEndpoints())
            {
                var proxy = new ReplicaProxy(endpoint, time);
                _proxies = _proxies.Add(proxy);
                proxy.Listen();
            }
        }
    }

    /// <summary>The replica's process runs: it gets its share of new connections.</summary>
    public void Admit(IResource instance)
    {
        foreach (var proxy in Of(instance))
        {
            var own = ((ReplicaResource)instance).GetEndpoint(proxy.Endpoint.EndpointName);
            proxy.Rotation.Admit(instance.Name, new IPEndPoint(ReplicaProxy.ReplicaAddress(own.EndpointAnnotation.TargetHost), own.Port));
        }
    }

    /// <summary>
    /// The replica gets no more connections. Returns when it has answered each that it was given, or will not within seconds: a server that is told to
    /// stop ends what it has begun, but refuses what it has not looked at yet.
    /// </summary>
    public async Task WithdrawAsync(IResource instance, CancellationToken cancellationToken)
    {
        var answered = Task.WhenAll(Of(instance).Select(proxy => proxy.Rotation.WithdrawAsync(instance.Name)).ToArray());
        if (answered.IsCompleted)
            return;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(answered, Task.Delay(AnswerLimit, time, limit.Token));
        await limit.CancelAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var proxy in _proxies)
            await proxy.DisposeAsync();
        _proxies = [];
    }

    private IEnumerable<ReplicaProxy> Of(IResource instance) =>
        instance is ReplicaResource { Project: var project } ? _proxies.Where(proxy => proxy.Endpoint.Resource == project) : [];
}

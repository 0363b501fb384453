using System.Net.Sockets;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace LocalHosting.Running;

/// <summary>Makes the replicas of projects that ask for them, once the model is final.</summary>
internal sealed class Replication(DistributedApplicationModel model)
{
    /// <exception cref="DistributedApplicationException">An endpoint cannot have a proxy before it, or a replica's name is taken.</exception>
    public void Apply()
    {
        foreach (var project in model.Resources.OfType<ProjectResource>())
        {
            if (!project.TryGetLastAnnotation<ReplicaAnnotation>(out var asked))
                continue;
            foreach (var endpoint in project.Annotations.OfType<EndpointAnnotation>())
                CheckEndpoint(project, endpoint);
            project.Annotations.Add(new ReplicasAnnotation([.. Enumerable.Range(1, asked.Replicas).Select(number => Create(project, number))]));
        }
    }

    /// <exception cref="DistributedApplicationException">Another resource has the replica's name.</exception>
    public ReplicaResource Create(ProjectResource project, int number)
    {
        var replica = new ReplicaResource(project, number);
        return model.Resources.Any(other => string.Equals(other.Name, replica.Name, StringComparison.OrdinalIgnoreCase))
            ? throw new DistributedApplicationException($"A replica of '{project.Name}' would be named '{replica.Name}', as another resource is; rename one of them.")
            : replica;
    }

    private static void CheckEndpoint(ProjectResource project, EndpointAnnotation endpoint)
    {
        var reason = endpoint switch
        {
            { IsProxied: false } => "has no proxy",
            { TargetPort: { } port } => $"makes its program listen on port {port}, which replicas cannot share",
            { Protocol: not ProtocolType.Tcp } => $"speaks {endpoint.Protocol}, for which there is no proxy",
            _ => null,
        };
        if (reason is not null)
            throw new DistributedApplicationException($"Endpoint '{endpoint.Name}' of resource '{project.Name}' {reason}; give it a port only, or leave out WithReplicas.");
    }
}

using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using LocalHosting.Health;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace LocalHosting.Running;

/// <summary>Gives the projects that ask for more than one process their replicas, once the model is final.</summary>
internal sealed class Replication(DistributedApplicationModel model, IOptions<HealthCheckServiceOptions> checks)
{
    /// <exception cref="DistributedApplicationException">An endpoint has a fixed port, which two processes cannot share, or a replica's name is taken.</exception>
    public void Apply()
    {
        foreach (var project in model.Resources.OfType<ProjectResource>())
        {
            if (!project.TryGetLastAnnotation<ReplicaAnnotation>(out var asked) || asked.Replicas == 1)
                continue;
            foreach (var endpoint in project.Annotations.OfType<EndpointAnnotation>())
                CheckPort(project, endpoint, asked.Replicas);
            var replicas = Enumerable.Range(1, asked.Replicas).Select(number => new ReplicaResource(project, number)).ToArray();
            foreach (var replica in replicas)
            {
                if (model.Resources.Any(other => string.Equals(other.Name, replica.Name, StringComparison.OrdinalIgnoreCase)))
                    throw new DistributedApplicationException($"A replica of '{project.Name}' would be named '{replica.Name}', as another resource is; rename one of them.");
                foreach (var check in replica.Annotations.OfType<HttpHealthCheckAnnotation>().Where(check => project.HealthCheckKeys().All(key => key != check.Key)))
                    checks.Value.Registrations.Add(check.Registration());
            }
            project.Annotations.Add(new ReplicasAnnotation(replicas));
        }
    }

    private static void CheckPort(ProjectResource project, EndpointAnnotation endpoint, int replicas)
    {
        if ((endpoint.Port ?? endpoint.TargetPort) is { } port)
        {
            throw new DistributedApplicationException(
                $"Endpoint '{endpoint.Name}' of resource '{project.Name}' asks for port {port}, which its {replicas} replicas cannot share; leave the port out or use one replica.");
        }
        if (!endpoint.IsProxied)
            throw new DistributedApplicationException($"Endpoint '{endpoint.Name}' of resource '{project.Name}' has no proxy, so it cannot have {replicas} replicas.");
    }
}

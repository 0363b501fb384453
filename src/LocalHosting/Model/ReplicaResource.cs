using LocalHosting.Health;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>
/// One of several processes of a project, named NAME-N from 1 on. It is not in the model that Program.cs builds: it comes into being when the
/// application starts, and has what its project has, with endpoints and health checks of its own.
/// </summary>
internal sealed class ReplicaResource : ProjectResource
{
    public ReplicaResource(ProjectResource project, int number)
        : base($"{project.Name}-{number}")
    {
        Project = project;
        foreach (var annotation in project.Annotations)
        {
            // Commands of the project are for all of its processes.
            if (annotation is not (ReplicaAnnotation or ResourceCommandAnnotation))
                Annotations.Add(Own(annotation));
        }
    }

    public ProjectResource Project { get; }

    private IResourceAnnotation Own(IResourceAnnotation annotation) => annotation switch
    {
        EndpointAnnotation endpoint => new EndpointAnnotation(endpoint.Protocol, endpoint.UriScheme, endpoint.Transport, endpoint.Name, isExternal: endpoint.IsExternal)
        {
            TargetHost = endpoint.TargetHost,
        },
        HttpHealthCheckAnnotation check => check.For(this),
        _ => annotation,
    };
}

/// <summary>The replicas of a resource that has more than one.</summary>
internal sealed class ReplicasAnnotation(IReadOnlyList<ReplicaResource> replicas) : IResourceAnnotation
{
    public IReadOnlyList<ReplicaResource> Replicas => replicas;
}

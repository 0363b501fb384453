using System.Collections.Immutable;
using LocalHosting.Health;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>
/// One process of a project that asks for replicas, named NAME-N from 1 on. It is not in the model that Program.cs builds: it comes into being when the
/// application starts or is scaled up, and has what its project has, with endpoints and health checks of its own.
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
            if (annotation is not (ReplicaAnnotation or ReplicasAnnotation or ResourceCommandAnnotation))
                Annotations.Add(Own(annotation));
        }
    }

    public ProjectResource Project { get; }

    private IResourceAnnotation Own(IResourceAnnotation annotation) => annotation switch
    {
        EndpointAnnotation endpoint => new EndpointAnnotation(endpoint.Protocol, endpoint.UriScheme, endpoint.Transport, endpoint.Name)
        {
            TargetHost = endpoint.TargetHost,
        },
        HttpHealthCheckAnnotation check => check.For(this),
        _ => annotation,
    };
}

/// <summary>The replicas of a project that asks for them, in the order of their numbers; there may be none for a while.</summary>
internal sealed class ReplicasAnnotation(IEnumerable<ReplicaResource> replicas) : IResourceAnnotation
{
    /// <summary>How many replicas a resource can have.</summary>
    public const int Most = 100;

    private ImmutableList<ReplicaResource> _replicas = [.. replicas];

    /// <summary>The replicas at this moment. Only one at a time may change them.</summary>
    public ImmutableList<ReplicaResource> Replicas
    {
        get => Volatile.Read(ref _replicas);
        set => Volatile.Write(ref _replicas, value);
    }
}

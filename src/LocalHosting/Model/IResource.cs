namespace Aspire.Hosting.ApplicationModel;

/// <summary>A named part of the application: a process, a server, a parameter, a connection string.</summary>
public interface IResource
{
    string Name { get; }
    ResourceAnnotationCollection Annotations { get; }
}

/// <summary>A fact attached to a resource; the runtime reads it when it starts the resource.</summary>
public interface IResourceAnnotation;

/// <summary>Takes environment variables.</summary>
public interface IResourceWithEnvironment : IResource;

/// <summary>Takes command-line arguments.</summary>
public interface IResourceWithArgs : IResource;

/// <summary>Listens on endpoints.</summary>
public interface IResourceWithEndpoints : IResource;

/// <summary>Can wait for other resources before it starts.</summary>
public interface IResourceWithWaitSupport : IResource;

/// <summary>Has no process or state of its own.</summary>
public interface IResourceWithoutLifetime : IResource;

/// <summary>Runs code.</summary>
public interface IComputeResource : IResource;

/// <summary>Can be probed.</summary>
public interface IResourceWithProbes : IResource;

/// <summary>Can receive files of a container image.</summary>
public interface IContainerFilesDestinationResource : IResource;

/// <summary>Belongs to another resource: it starts and stops with it.</summary>
public interface IResourceWithParent : IResource
{
    IResource Parent { get; }
}

/// <inheritdoc cref="IResourceWithParent"/>
public interface IResourceWithParent<out T> : IResourceWithParent where T : IResource
{
    new T Parent { get; }

    IResource IResourceWithParent.Parent => Parent;
}

using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

public static partial class ResourceBuilderExtensions
{
    /// <summary>Starts only when the dependency runs, is healthy, and the handlers of its <see cref="ResourceReadyEvent"/> are done.</summary>
    public static IResourceBuilder<T> WaitFor<T>(this IResourceBuilder<T> builder, IResourceBuilder<IResource> dependency) where T : IResourceWithWaitSupport =>
        builder.WithWait(dependency, WaitType.WaitUntilHealthy);

    /// <inheritdoc cref="WaitFor{T}(IResourceBuilder{T}, IResourceBuilder{IResource})"/>
    public static IResourceBuilder<T> WaitFor<T>(this IResourceBuilder<T> builder, IResourceBuilder<IResource> dependency, WaitBehavior waitBehavior)
        where T : IResourceWithWaitSupport => builder.WithWait(dependency, WaitType.WaitUntilHealthy, behavior: waitBehavior);

    /// <summary>Starts only when the dependency runs, healthy or not.</summary>
    public static IResourceBuilder<T> WaitForStart<T>(this IResourceBuilder<T> builder, IResourceBuilder<IResource> dependency) where T : IResourceWithWaitSupport =>
        builder.WithWait(dependency, WaitType.WaitUntilStarted);

    /// <inheritdoc cref="WaitForStart{T}(IResourceBuilder{T}, IResourceBuilder{IResource})"/>
    public static IResourceBuilder<T> WaitForStart<T>(this IResourceBuilder<T> builder, IResourceBuilder<IResource> dependency, WaitBehavior waitBehavior)
        where T : IResourceWithWaitSupport => builder.WithWait(dependency, WaitType.WaitUntilStarted, behavior: waitBehavior);

    /// <summary>Starts only when the dependency has ended with <paramref name="exitCode"/>; any other code fails this resource.</summary>
    public static IResourceBuilder<T> WaitForCompletion<T>(this IResourceBuilder<T> builder, IResourceBuilder<IResource> dependency, int exitCode = 0)
        where T : IResourceWithWaitSupport => builder.WithWait(dependency, WaitType.WaitForCompletion, exitCode);

    private static IResourceBuilder<T> WithWait<T>(this IResourceBuilder<T> builder, IResourceBuilder<IResource> dependency, WaitType type, int exitCode = 0,
        WaitBehavior? behavior = null) where T : IResourceWithWaitSupport
    {
        if (dependency.Resource == (IResource)builder.Resource)
            throw new DistributedApplicationException($"Resource '{builder.Resource.Name}' cannot wait for itself.");
        if (builder.Resource.ParentOf() == dependency.Resource)
            throw new DistributedApplicationException($"Resource '{builder.Resource.Name}' cannot wait for its parent '{dependency.Resource.Name}'.");
        // Whoever waits for a database also waits for its server.
        if (type != WaitType.WaitForCompletion && dependency.Resource.ParentOf() is { } parent)
            builder.WithAnnotation(new WaitAnnotation(parent, type) { WaitBehavior = behavior });
        return builder.WithAnnotation(new WaitAnnotation(dependency.Resource, type, exitCode) { WaitBehavior = behavior });
    }
}

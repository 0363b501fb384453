using Aspire.Hosting.ApplicationModel;
using LocalHosting.Publishing;

namespace Aspire.Hosting;

/// <summary>What only concerns containers. Servers are local programs here, so this changes nothing but what is published.</summary>
public static class ContainerResourceBuilderExtensions
{
    public static IResourceBuilder<T> WithLifetime<T>(this IResourceBuilder<T> builder, ContainerLifetime lifetime) where T : ContainerResource => builder;

    public static IResourceBuilder<T> WithImage<T>(this IResourceBuilder<T> builder, string image, string? tag = null) where T : ContainerResource =>
        builder.WithAnnotation(new ImageAnnotation(known => known with { Name = image, Tag = tag ?? "latest" }));

    public static IResourceBuilder<T> WithImageTag<T>(this IResourceBuilder<T> builder, string tag) where T : ContainerResource =>
        builder.WithAnnotation(new ImageAnnotation(known => known with { Tag = tag }));

    public static IResourceBuilder<T> WithImageRegistry<T>(this IResourceBuilder<T> builder, string? registry) where T : ContainerResource =>
        builder.WithAnnotation(new ImageAnnotation(known => known with { Registry = registry ?? "" }));

    public static IResourceBuilder<T> WithVolume<T>(this IResourceBuilder<T> builder, string? name, string target, bool isReadOnly = false) where T : ContainerResource =>
        builder.WithAnnotation(new ContainerMountAnnotation(name, target, ContainerMountType.Volume, isReadOnly));

    public static IResourceBuilder<T> WithBindMount<T>(this IResourceBuilder<T> builder, string source, string target, bool isReadOnly = false) where T : ContainerResource =>
        builder.WithAnnotation(new ContainerMountAnnotation(Path.GetFullPath(source, builder.ApplicationBuilder.AppHostDirectory), target, ContainerMountType.BindMount, isReadOnly));

    public static IResourceBuilder<T> WithContainerName<T>(this IResourceBuilder<T> builder, string name) where T : ContainerResource => builder;

    /// <summary>Without a name, that of the AppHost and the resource, so that every deployment of them has the same volume.</summary>
    internal static IResourceBuilder<T> WithDataAt<T>(this IResourceBuilder<T> builder, string target, string? name, bool isReadOnly) where T : ContainerResource =>
        builder.WithVolume(name ?? $"{builder.ApplicationBuilder.Environment.ApplicationName}-{builder.Resource.Name}-data".ToLowerInvariant(), target, isReadOnly);
}

using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.ApplicationModel
{
    public enum ContainerMountType
    {
        BindMount,
        Volume,
    }

    /// <summary>A directory of a published container that outlives it. Servers here keep their data in the data directory.</summary>
    /// <param name="source">A directory of the host, or the volume's name.</param>
    /// <param name="target">The directory in the container.</param>
    /// <param name="type">Which of the two.</param>
    /// <param name="isReadOnly">Whether the container may not write.</param>
    public sealed class ContainerMountAnnotation(string? source, string target, ContainerMountType type, bool isReadOnly) : IResourceAnnotation
    {
        public string? Source => source;

        public string Target => target;

        public ContainerMountType Type => type;

        public bool IsReadOnly => isReadOnly;
    }
}

namespace LocalHosting.Publishing
{
    /// <summary>An image as <c>docker.io/library/postgres:17.6</c> in its parts.</summary>
    internal readonly record struct ContainerImage(string Registry, string Name, string Tag)
    {
        public override string ToString() => $"{(Registry.Length > 0 ? Registry + "/" : "")}{Name}:{Tag}";
    }

    /// <summary>What Program.cs says of a container's image.</summary>
    internal sealed class ImageAnnotation(Func<ContainerImage, ContainerImage> change) : IResourceAnnotation
    {
        public Func<ContainerImage, ContainerImage> Change => change;
    }

    /// <summary>The resource exists for local runs only.</summary>
    internal sealed class ManifestExclusion : IResourceAnnotation;
}

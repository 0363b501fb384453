using System.Collections.ObjectModel;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>The annotations of one resource, in the order in which they were added.</summary>
public sealed class ResourceAnnotationCollection : Collection<IResourceAnnotation>;

/// <summary>What becomes of earlier annotations of the same type.</summary>
public enum ResourceAnnotationMutationBehavior
{
    Append,
    Replace,
}

/// <summary>The usual base of a resource.</summary>
public abstract class Resource : IResource
{
    private readonly string _name;

    /// <param name="name">1-64 ASCII letters, digits and hyphens; starts with a letter; no trailing or double hyphen.</param>
    /// <exception cref="DistributedApplicationException">The name breaks these rules.</exception>
    protected Resource(string name)
    {
        _name = Checked(name);
    }

    public virtual string Name => _name;

    public virtual ResourceAnnotationCollection Annotations { get; } = [];

    private static string Checked(string name)
    {
        var valid = name is { Length: > 0 and <= 64 }
            && char.IsAsciiLetter(name[0])
            && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')
            && !name.EndsWith('-')
            && !name.Contains("--", StringComparison.Ordinal);
        return valid
            ? name
            : throw new DistributedApplicationException($"Resource name '{name}' is not valid: 1-64 ASCII letters, digits and single hyphens, starting with a letter and not ending with a hyphen.");
    }
}

namespace Aspire.Hosting.ApplicationModel;

/// <summary>The connection string of a resource, as somebody who connects to it needs it.</summary>
public class ConnectionStringReference(IResourceWithConnectionString resource, bool optional) : IManifestExpressionProvider, IValueProvider, IValueWithReferences
{
    public IResourceWithConnectionString Resource => resource;

    /// <summary>Whether the value may be missing.</summary>
    public bool Optional => optional;

    string IManifestExpressionProvider.ValueExpression => resource.ValueExpression;

    IEnumerable<object> IValueWithReferences.References => [resource];

    /// <summary>Null if it is optional and missing.</summary>
    /// <exception cref="DistributedApplicationException">It is missing and not optional.</exception>
    public async ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default)
    {
        string? value = null;
        try
        {
            value = await resource.GetConnectionStringAsync(cancellationToken);
        }
        catch (MissingParameterValueException) when (optional)
        {
            // One of its parts is missing.
        }
        if (!string.IsNullOrEmpty(value))
            return value;
        return optional ? null : throw new DistributedApplicationException($"The connection string '{resource.Name}' has no value; set ConnectionStrings:{resource.Name}.");
    }
}

using System.Globalization;

namespace Aspire.Hosting.ApplicationModel;

public enum EndpointProperty
{
    Url = 0,
    Host = 1,
    IPV4Host = 2,
    Port = 3,
    Scheme = 4,
    TargetPort = 5,
    HostAndPort = 6,
}

/// <summary>
/// An endpoint of a resource by name; it may be taken before the endpoint is declared. <see cref="Url"/>, <see cref="Host"/> and <see cref="Port"/>
/// throw <see cref="InvalidOperationException"/> until the port is allocated; the asynchronous reads wait for that.
/// </summary>
public sealed class EndpointReference(IResourceWithEndpoints owner, string endpointName) : IManifestExpressionProvider, IValueProvider, IValueWithReferences
{
    public IResourceWithEndpoints Resource => owner;

    public string EndpointName => endpointName;

    public EndpointAnnotation EndpointAnnotation =>
        Find() ?? throw new InvalidOperationException($"Resource '{owner.Name}' has no endpoint '{endpointName}'.");

    public bool IsAllocated => Find()?.AllocatedEndpoint is not null;

    public bool Exists => Find() is not null;

    public bool IsHttp => string.Equals(Scheme, "http", StringComparison.OrdinalIgnoreCase);

    public bool IsHttps => string.Equals(Scheme, "https", StringComparison.OrdinalIgnoreCase);

    public string Host => Allocated.Address;

    public int Port => Allocated.Port;

    public int? TargetPort => EndpointAnnotation.TargetPort;

    public string Scheme => EndpointAnnotation.UriScheme;

    public string Url => Allocated.UriString;

    string IManifestExpressionProvider.ValueExpression => ManifestExpression(EndpointProperty.Url);

    IEnumerable<object> IValueWithReferences.References => [owner];

    private AllocatedEndpoint Allocated => EndpointAnnotation.AllocatedEndpoint
        ?? throw new InvalidOperationException($"The endpoint '{endpointName}' of resource '{owner.Name}' has no port yet.");

    public EndpointReferenceExpression Property(EndpointProperty property) => new(this, property);

    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) => Property(EndpointProperty.Url).GetValueAsync(cancellationToken);

    public ValueTask<string?> GetValueAsync(ValueProviderContext context, CancellationToken cancellationToken = default) =>
        Property(EndpointProperty.Url).GetValueAsync(context, cancellationToken);

    /// <summary>The port that a replica itself listens on is its own; everything else of an endpoint is that of the proxy before all of them.</summary>
    internal EndpointReference SeenBy(IResource? caller, EndpointProperty property) =>
        property == EndpointProperty.TargetPort && caller is ReplicaResource replica && replica.Project == owner ? replica.GetEndpoint(endpointName) : this;

    internal string ManifestExpression(EndpointProperty property)
    {
        var suffix = property switch
        {
            EndpointProperty.IPV4Host => "host",
            EndpointProperty.HostAndPort => null,
            EndpointProperty.TargetPort => "targetPort",
            _ => property.ToString().ToLowerInvariant(),
        };
        return suffix is null
            ? $"{ManifestExpression(EndpointProperty.Host)}:{ManifestExpression(EndpointProperty.Port)}"
            : $"{{{owner.Name}.bindings.{endpointName}.{suffix}}}";
    }

    private EndpointAnnotation? Find() =>
        owner.Annotations.OfType<EndpointAnnotation>().FirstOrDefault(endpoint => string.Equals(endpoint.Name, endpointName, StringComparison.OrdinalIgnoreCase));
}

/// <summary>One property of an endpoint.</summary>
public class EndpointReferenceExpression(EndpointReference endpointReference, EndpointProperty property)
    : IManifestExpressionProvider, IValueProvider, IValueWithReferences
{
    public EndpointReference Endpoint => endpointReference;

    public EndpointProperty Property => property;

    public string ValueExpression => endpointReference.ManifestExpression(property);

    IEnumerable<object> IValueWithReferences.References => [endpointReference];

    /// <summary>Waits until the endpoint has its port.</summary>
    public async ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default)
    {
        if (property == EndpointProperty.Scheme)
            return endpointReference.Scheme;
        var allocated = await endpointReference.EndpointAnnotation.Allocation.WaitAsync(cancellationToken);
        return property switch
        {
            EndpointProperty.Url => allocated.UriString,
            EndpointProperty.Host => allocated.Address,
            EndpointProperty.IPV4Host => allocated.Address == "localhost" ? "127.0.0.1" : allocated.Address,
            EndpointProperty.HostAndPort => allocated.EndPointString,
            _ => allocated.Port.ToString(CultureInfo.InvariantCulture),
        };
    }

    public ValueTask<string?> GetValueAsync(ValueProviderContext context, CancellationToken cancellationToken = default) =>
        new EndpointReferenceExpression(endpointReference.SeenBy(context.Caller, property), property).GetValueAsync(cancellationToken);
}

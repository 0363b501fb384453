using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

public static partial class ResourceBuilderExtensions
{
    /// <summary>Hands on a connection string as <c>ConnectionStrings__NAME</c>, and its parts as <c>NAME_HOST</c> and so on.</summary>
    /// <param name="builder">The resource that connects.</param>
    /// <param name="source">What it connects to.</param>
    /// <param name="connectionName">NAME; default: the source's name.</param>
    /// <param name="optional">Whether the resource may start without a connection string.</param>
    public static IResourceBuilder<TDestination> WithReference<TDestination>(this IResourceBuilder<TDestination> builder,
        IResourceBuilder<IResourceWithConnectionString> source, string? connectionName = null, bool optional = false) where TDestination : IResourceWithEnvironment
    {
        var resource = source.Resource;
        var name = connectionName ?? resource.Name;
        return builder.WithReferenceRelationship(resource).WithEnvironment(async context =>
        {
            string? value;
            try
            {
                value = await resource.GetConnectionStringAsync(context.CancellationToken);
            }
            catch (MissingParameterValueException) when (optional)
            {
                return;
            }
            if (string.IsNullOrEmpty(value))
            {
                if (optional)
                    return;
                throw new DistributedApplicationException($"The connection string '{resource.Name}' has no value; set ConnectionStrings:{resource.Name}.");
            }
            context.EnvironmentVariables[resource.ConnectionStringEnvironmentVariable ?? $"ConnectionStrings__{name}"] = value;
            foreach (var (property, expression) in resource.GetConnectionProperties())
                context.EnvironmentVariables[$"{VariableName(name)}_{VariableName(property)}"] = expression;
        });
    }

    /// <summary>
    /// Hands on the endpoints of a service as <c>services__NAME__SCHEME__0</c> and <c>NAME_SCHEME</c>; of one with replicas, the address of the proxy before them.
    /// </summary>
    public static IResourceBuilder<TDestination> WithReference<TDestination>(this IResourceBuilder<TDestination> builder,
        IResourceBuilder<IResourceWithServiceDiscovery> source) where TDestination : IResourceWithEnvironment => builder.WithReference(source, source.Resource.Name);

    /// <inheritdoc cref="WithReference{TDestination}(IResourceBuilder{TDestination}, IResourceBuilder{IResourceWithServiceDiscovery})"/>
    public static IResourceBuilder<TDestination> WithReference<TDestination>(this IResourceBuilder<TDestination> builder,
        IResourceBuilder<IResourceWithServiceDiscovery> source, string name) where TDestination : IResourceWithEnvironment =>
        builder.WithReferenceRelationship(source.Resource).WithEnvironment(context =>
        {
            foreach (var endpoint in source.Resource.GetEndpoints())
                AddServiceEndpoint(context.EnvironmentVariables, name, endpoint);
        });

    /// <summary>Hands on one endpoint.</summary>
    public static IResourceBuilder<TDestination> WithReference<TDestination>(this IResourceBuilder<TDestination> builder, EndpointReference endpointReference)
        where TDestination : IResourceWithEnvironment =>
        builder.WithReferenceRelationship(endpointReference.Resource)
            .WithEnvironment(context => AddServiceEndpoint(context.EnvironmentVariables, endpointReference.Resource.Name, endpointReference));

    /// <summary>Hands on an address outside the application as <c>services__NAME__default__0</c> and <c>NAME</c>.</summary>
    /// <exception cref="InvalidOperationException">The address is not absolute, does not end with a slash, or has a query or a fragment.</exception>
    public static IResourceBuilder<TDestination> WithReference<TDestination>(this IResourceBuilder<TDestination> builder, string name, Uri uri)
        where TDestination : IResourceWithEnvironment
    {
        if (!uri.IsAbsoluteUri || !uri.AbsolutePath.EndsWith('/') || uri.Query.Length > 0 || uri.Fragment.Length > 0)
            throw new InvalidOperationException($"The address of '{name}' must be absolute, end with '/', and have neither query nor fragment.");
        return builder.WithEnvironment(context =>
        {
            context.EnvironmentVariables[$"services__{name}__default__0"] = uri.ToString();
            context.EnvironmentVariables[name] = uri.ToString();
        });
    }

    public static IResourceBuilder<T> WithParentRelationship<T>(this IResourceBuilder<T> builder, IResource parent) where T : IResource =>
        builder.WithRelationship(parent, "Parent");

    public static IResourceBuilder<T> WithParentRelationship<T>(this IResourceBuilder<T> builder, IResourceBuilder<IResource> parent) where T : IResource =>
        builder.WithParentRelationship(parent.Resource);

    public static IResourceBuilder<T> WithReferenceRelationship<T>(this IResourceBuilder<T> builder, IResource resource) where T : IResource =>
        builder.WithRelationship(resource, "Reference");

    public static IResourceBuilder<T> WithRelationship<T>(this IResourceBuilder<T> builder, IResource resource, string type) where T : IResource =>
        builder.WithAnnotation(new ResourceRelationshipAnnotation(resource, type));

    // Old releases key a service's address by endpoint name, newer ones by scheme; both are given where they differ.
    private static void AddServiceEndpoint(Dictionary<string, object> environment, string name, EndpointReference endpoint)
    {
        environment[$"services__{name}__{endpoint.EndpointName}__0"] = endpoint;
        environment.TryAdd($"services__{name}__{endpoint.Scheme}__0", endpoint);
        environment[$"{VariableName(name)}_{VariableName(endpoint.EndpointName)}"] = endpoint;
    }

    private static string VariableName(string name) => string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToUpperInvariant(c) : '_'));

    // The stop order follows every value that one resource takes from another.
    private static void RelateTo<T>(this IResourceBuilder<T> builder, object value) where T : IResource
    {
        if (value is IResource resource && resource != (IResource)builder.Resource)
            builder.WithReferenceRelationship(resource);
        else if (value is IValueWithReferences composed)
        {
            foreach (var part in composed.References)
                builder.RelateTo(part);
        }
    }
}

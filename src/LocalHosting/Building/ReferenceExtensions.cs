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
        var connection = new ConnectionStringReference(source.Resource, optional);
        var name = connectionName ?? source.Resource.Name;
        return builder.RelateTo(source.Resource).WithEnvironment(async context =>
        {
            // Without a connection string there are no parts of it either.
            if (optional && context.ExecutionContext.IsRunMode && await connection.GetValueAsync(context.CancellationToken) is null)
                return;
            var wanted = Injected(builder.Resource);
            if (wanted.HasFlag(ReferenceEnvironmentInjectionFlags.ConnectionString))
                context.EnvironmentVariables[source.Resource.ConnectionStringEnvironmentVariable ?? $"ConnectionStrings__{name}"] = connection;
            if (!wanted.HasFlag(ReferenceEnvironmentInjectionFlags.ConnectionProperties))
                return;
            foreach (var (property, expression) in source.Resource.GetConnectionProperties())
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
                AddServiceEndpoint(context, builder.Resource, name, endpoint);
        });

    /// <summary>Hands on one endpoint.</summary>
    public static IResourceBuilder<TDestination> WithReference<TDestination>(this IResourceBuilder<TDestination> builder, EndpointReference endpointReference)
        where TDestination : IResourceWithEnvironment =>
        builder.WithReferenceRelationship(endpointReference.Resource)
            .WithEnvironment(context => AddServiceEndpoint(context, builder.Resource, endpointReference.Resource.Name, endpointReference));

    /// <summary>Hands on an address outside the application as <c>services__NAME__default__0</c> and <c>NAME</c>.</summary>
    /// <exception cref="InvalidOperationException">The address is not absolute, does not end with a slash, or has a query or a fragment.</exception>
    public static IResourceBuilder<TDestination> WithReference<TDestination>(this IResourceBuilder<TDestination> builder, string name, Uri uri)
        where TDestination : IResourceWithEnvironment
    {
        if (!uri.IsAbsoluteUri || !uri.AbsolutePath.EndsWith('/') || uri.Query.Length > 0 || uri.Fragment.Length > 0)
            throw new InvalidOperationException($"The address of '{name}' must be absolute, end with '/', and have neither query nor fragment.");
        return builder.WithEnvironment(context =>
        {
            var wanted = Injected(builder.Resource);
            if (wanted.HasFlag(ReferenceEnvironmentInjectionFlags.ServiceDiscovery))
                context.EnvironmentVariables[$"services__{name}__default__0"] = uri.ToString();
            if (wanted.HasFlag(ReferenceEnvironmentInjectionFlags.Endpoints))
                context.EnvironmentVariables[name] = uri.ToString();
        });
    }

    /// <summary>Hands on the address of a service outside the application as <c>services__NAME__SCHEME__0</c> and <c>NAME</c>.</summary>
    public static IResourceBuilder<TDestination> WithReference<TDestination>(this IResourceBuilder<TDestination> builder,
        IResourceBuilder<ExternalServiceResource> externalService) where TDestination : IResourceWithEnvironment
    {
        var service = externalService.Resource;
        return builder.WithReferenceRelationship(service).WithEnvironment(async context =>
        {
            var wanted = Injected(builder.Resource);
            if (wanted.HasFlag(ReferenceEnvironmentInjectionFlags.ServiceDiscovery))
            {
                // What is published does not know the address yet.
                var scheme = context.ExecutionContext.IsRunMode ? (await service.AddressAsync(context.CancellationToken)).Scheme : service.Uri?.Scheme ?? "default";
                context.EnvironmentVariables[$"services__{service.Name}__{scheme}__0"] = service.Address;
            }
            if (wanted.HasFlag(ReferenceEnvironmentInjectionFlags.Endpoints))
                context.EnvironmentVariables[VariableName(service.Name)] = service.Address;
        });
    }

    /// <summary>Which variables the references of this resource become; default: all kinds.</summary>
    public static IResourceBuilder<TDestination> WithReferenceEnvironment<TDestination>(this IResourceBuilder<TDestination> builder,
        ReferenceEnvironmentInjectionFlags flags) where TDestination : IResourceWithEnvironment =>
        builder.WithAnnotation(new ReferenceEnvironmentInjectionAnnotation(flags), ResourceAnnotationMutationBehavior.Replace);

    public static IResourceBuilder<T> WithParentRelationship<T>(this IResourceBuilder<T> builder, IResource parent) where T : IResource =>
        builder.WithRelationship(parent, "Parent");

    public static IResourceBuilder<T> WithParentRelationship<T>(this IResourceBuilder<T> builder, IResourceBuilder<IResource> parent) where T : IResource =>
        builder.WithParentRelationship(parent.Resource);

    public static IResourceBuilder<T> WithChildRelationship<T>(this IResourceBuilder<T> builder, IResource child) where T : IResource
    {
        builder.ApplicationBuilder.CreateResourceBuilder(child).WithParentRelationship(builder.Resource);
        return builder;
    }

    public static IResourceBuilder<T> WithChildRelationship<T>(this IResourceBuilder<T> builder, IResourceBuilder<IResource> child) where T : IResource =>
        builder.WithChildRelationship(child.Resource);

    public static IResourceBuilder<T> WithReferenceRelationship<T>(this IResourceBuilder<T> builder, IResource resource) where T : IResource =>
        builder.WithRelationship(resource, "Reference");

    public static IResourceBuilder<T> WithRelationship<T>(this IResourceBuilder<T> builder, IResource resource, string type) where T : IResource =>
        builder.WithAnnotation(new ResourceRelationshipAnnotation(resource, type));

    // Some releases key a service's address by endpoint name, others by scheme; both are given where they differ.
    private static void AddServiceEndpoint(EnvironmentCallbackContext context, IResource reader, string name, EndpointReference endpoint)
    {
        var wanted = Injected(reader);
        foreach (var key in new[] { endpoint.EndpointName, endpoint.Scheme })
        {
            if (wanted.HasFlag(ReferenceEnvironmentInjectionFlags.ServiceDiscovery))
                Add($"services__{name}__{key}__0");
            if (wanted.HasFlag(ReferenceEnvironmentInjectionFlags.Endpoints))
                Add($"{VariableName(name)}_{VariableName(key)}");

            // An endpoint that has the name goes before one that has it only as its scheme.
            void Add(string variable)
            {
                if (key == endpoint.EndpointName)
                    context.EnvironmentVariables[variable] = endpoint;
                else
                    context.EnvironmentVariables.TryAdd(variable, endpoint);
            }
        }
    }

    private static ReferenceEnvironmentInjectionFlags Injected(IResource reader) =>
        reader.TryGetLastAnnotation<ReferenceEnvironmentInjectionAnnotation>(out var wanted) ? wanted.Flags : ReferenceEnvironmentInjectionFlags.All;

    private static string VariableName(string name) => string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToUpperInvariant(c) : '_'));

    // The stop order follows every value that one resource takes from another, also through a connection string that has no process of its own.
    private static IResourceBuilder<T> RelateTo<T>(this IResourceBuilder<T> builder, object value) where T : IResource
    {
        if (value is IResource resource && resource != (IResource)builder.Resource)
            builder.WithReferenceRelationship(resource);
        if (value is IValueWithReferences composed and (not IResource or ConnectionStringResource))
        {
            foreach (var part in composed.References)
                builder.RelateTo(part);
        }
        return builder;
    }
}

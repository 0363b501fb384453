using Aspire.Hosting.ApplicationModel;
using LocalHosting.Health;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting;

/// <summary>A service that runs elsewhere, known by its address.</summary>
public sealed class ExternalServiceResource : Resource
{
    /// <exception cref="DistributedApplicationException">The address is not absolute, has a path other than <c>/</c>, a query or a fragment.</exception>
    public ExternalServiceResource(string name, Uri uri)
        : base(name)
    {
        Uri = Checked(uri);
        Address = ReferenceExpression.Create($"{Uri.ToString()}");
    }

    /// <summary>The parameter's value is looked at when the application starts.</summary>
    public ExternalServiceResource(string name, ParameterResource urlParameter)
        : base(name)
    {
        UrlParameter = urlParameter;
        Address = ReferenceExpression.Create($"{urlParameter}");
    }

    /// <summary>Null if a parameter has the address.</summary>
    public Uri? Uri { get; }

    /// <summary>Null if the address was given.</summary>
    public ParameterResource? UrlParameter { get; }

    internal ReferenceExpression Address { get; }

    internal async ValueTask<Uri> AddressAsync(CancellationToken cancellationToken)
    {
        var text = await Address.GetValueAsync(cancellationToken);
        return Checked(Uri.TryCreate(text, UriKind.Absolute, out var uri) ? uri : null);
    }

    private Uri Checked(Uri? uri) => uri is { IsAbsoluteUri: true, AbsolutePath: "/", Query: "", Fragment: "" }
        ? uri
        : throw new DistributedApplicationException($"The address of the external service '{Name}' must be absolute and end with '/' after host and port, such as https://example.org/.");
}

/// <summary>Services outside the application.</summary>
public static class ExternalServiceBuilderExtensions
{
    public static IResourceBuilder<ExternalServiceResource> AddExternalService(this IDistributedApplicationBuilder builder, string name, string url) =>
        builder.AddExternalService(name, new Uri(url, UriKind.RelativeOrAbsolute));

    public static IResourceBuilder<ExternalServiceResource> AddExternalService(this IDistributedApplicationBuilder builder, string name, Uri uri) =>
        builder.Add(new ExternalServiceResource(name, uri));

    public static IResourceBuilder<ExternalServiceResource> AddExternalService(this IDistributedApplicationBuilder builder, string name,
        IResourceBuilder<ParameterResource> urlParameter) => builder.Add(new ExternalServiceResource(name, urlParameter.Resource));

    /// <summary>The service is healthy when GET on the path (default <c>/</c>) answers exactly the status (default 200).</summary>
    public static IResourceBuilder<ExternalServiceResource> WithHttpHealthCheck(this IResourceBuilder<ExternalServiceResource> builder, string? path = null, int? statusCode = null)
    {
        var service = builder.Resource;
        var status = statusCode ?? 200;
        var key = $"{service.Name}_external{(path is null ? "" : $"_{path}")}_{status}_check";
        builder.ApplicationBuilder.Services.AddHealthChecks().Add(new HealthCheckRegistration(key,
            _ => new HttpEndpointCheck(async cancellationToken => new Uri(await service.AddressAsync(cancellationToken), path ?? "/"), status),
            failureStatus: null, tags: null, timeout: TimeSpan.FromSeconds(5)));
        return builder.WithHealthCheck(key);
    }

    private static IResourceBuilder<ExternalServiceResource> Add(this IDistributedApplicationBuilder builder, ExternalServiceResource service) =>
        builder.AddResource(service)
            .WithInitialState(new CustomResourceSnapshot { ResourceType = "ExternalService", Properties = [] })
            .WithUrl(service.Address)
            .OnInitializeResource(async (_, initialize, cancellationToken) =>
            {
                ResourceStateSnapshot? state = KnownResourceStates.Running;
                try
                {
                    await service.AddressAsync(cancellationToken);
                    await initialize.Eventing.PublishAsync(new BeforeResourceStartedEvent(service, initialize.Services), cancellationToken);
                }
                catch (DistributedApplicationException exception)
                {
                    initialize.Logger.LogError("{Reason}", exception.Message);
                    state = KnownResourceStates.FailedToStart;
                }
                await initialize.Notifications.PublishUpdateAsync(service, snapshot => snapshot with { State = state });
            });
}

using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Hosting;

namespace LocalHosting.Building;

/// <summary>What every project finds in its environment. These callbacks are a project's first, so that Program.cs can overwrite all of it.</summary>
internal static class ProjectDefaults
{
    public static IResourceBuilder<ProjectResource> WithProjectDefaults(this IResourceBuilder<ProjectResource> project)
    {
        var isDevelopment = project.ApplicationBuilder.Environment.IsDevelopment();
        return project.WithTelemetry().WithEnvironment(context =>
        {
            var environment = context.EnvironmentVariables;
            environment["OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY"] = "in_memory";
            if (context.ExecutionContext.IsPublishMode)
            {
                AddContainerPorts(environment, context.Resource);
                return;
            }
            if (isDevelopment)
            {
                environment["OTEL_DOTNET_EXPERIMENTAL_ASPNETCORE_DISABLE_URL_QUERY_REDACTION"] = "true";
                environment["OTEL_DOTNET_EXPERIMENTAL_HTTPCLIENT_DISABLE_URL_QUERY_REDACTION"] = "true";
            }
            environment["DOTNET_SYSTEM_CONSOLE_ALLOW_ANSI_COLOR_REDIRECTION"] = "true";
            environment["LOGGING__CONSOLE__FORMATTERNAME"] = "simple";
            AddListenAddresses(environment, context.Resource);
        });
    }

    /// <summary>Each endpoint's own port; a project with Kestrel endpoints in its settings listens on those alone, so they are overwritten one by one.</summary>
    private static void AddListenAddresses(Dictionary<string, object> environment, IResource resource)
    {
        var endpoints = HttpEndpoints(resource);
        if (resource.TryGetLastAnnotation<KestrelEndpointsAnnotation>(out var kestrel))
        {
            foreach (var endpoint in endpoints)
                environment[kestrel.Variable(endpoint)] = ListenAddress(endpoint);
        }
        else if (endpoints.Length > 0)
        {
            var addresses = new ReferenceExpressionBuilder();
            foreach (var endpoint in endpoints)
                addresses.Append($"{(addresses.IsEmpty ? "" : ";")}{ListenAddress(endpoint)}");
            environment["ASPNETCORE_URLS"] = addresses.Build();
            // Where clients reach it, for redirects.
            if (Array.Find(endpoints, endpoint => endpoint.IsHttps) is { } https)
                environment["ASPNETCORE_HTTPS_PORT"] = ((IResourceWithEndpoints)resource.InModel()).GetEndpoint(https.EndpointName).Property(EndpointProperty.Port);
        }
    }

    private static ReferenceExpression ListenAddress(EndpointReference endpoint) =>
        ReferenceExpression.Create($"{endpoint.Scheme}://{endpoint.EndpointAnnotation.TargetHost}:{endpoint.Property(EndpointProperty.TargetPort)}");

    private static void AddContainerPorts(Dictionary<string, object> environment, IResource resource)
    {
        var endpoints = HttpEndpoints(resource);
        if (endpoints.Length > 0)
            environment["ASPNETCORE_FORWARDEDHEADERS_ENABLED"] = "true";
        foreach (var endpoint in endpoints.Where(_ => !resource.Annotations.OfType<KestrelEndpointsAnnotation>().Any()))
        {
            var name = endpoint.IsHttps ? "HTTPS_PORTS" : "HTTP_PORTS";
            var port = ReferenceExpression.Create($"{endpoint.Property(EndpointProperty.TargetPort)}");
            environment[name] = environment.TryGetValue(name, out var others) ? ReferenceExpression.Create($"{(ReferenceExpression)others};{port}") : port;
        }
    }

    private static EndpointReference[] HttpEndpoints(IResource resource) =>
        [.. ((IResourceWithEndpoints)resource).GetEndpoints().Where(endpoint => endpoint.IsHttp || endpoint.IsHttps)];
}

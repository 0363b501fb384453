using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using LocalHosting.Infrastructure;
using LocalHosting.Processes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting;

/// <summary>RabbitMQ servers, run by the programs of this machine. Their data is kept in the data directory.</summary>
public static class RabbitMQBuilderExtensions
{
    /// <param name="builder">The application.</param>
    /// <param name="name">The resource's name.</param>
    /// <param name="userName">Default: <c>guest</c>.</param>
    /// <param name="password">Default: generated and kept in the data directory.</param>
    /// <param name="port">Default: chosen and kept in the data directory.</param>
    public static IResourceBuilder<RabbitMQServerResource> AddRabbitMQ(this IDistributedApplicationBuilder builder, string name,
        IResourceBuilder<ParameterResource>? userName = null, IResourceBuilder<ParameterResource>? password = null, int? port = null)
    {
        var server = new RabbitMQServerResource(name, userName?.Resource,
            password?.Resource ?? ParameterResourceBuilderExtensions.CreateDefaultPasswordParameter(builder, $"{name}-password", special: false));
        var key = $"{name}_check";
        builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(key, _ => new RabbitMQCheck(server), null, null, TimeSpan.FromSeconds(5)));
        return builder.AddResource(server)
            .WithAnnotation(new EndpointAnnotation(ProtocolType.Tcp, name: "tcp", port: port, targetPort: 5672))
            .WithAnnotation(new ProcessRecipeAnnotation(new RabbitMQRecipe(server)))
            .WithHealthCheck(key);
    }

    /// <summary>Adds the management interface, with a port of its own.</summary>
    public static IResourceBuilder<RabbitMQServerResource> WithManagementPlugin(this IResourceBuilder<RabbitMQServerResource> builder) => builder.WithManagementPlugin(port: null);

    /// <inheritdoc cref="WithManagementPlugin(IResourceBuilder{RabbitMQServerResource})"/>
    public static IResourceBuilder<RabbitMQServerResource> WithManagementPlugin(this IResourceBuilder<RabbitMQServerResource> builder, int? port) =>
        builder.WithEndpoint("management", endpoint =>
        {
            endpoint.UriScheme = "http";
            endpoint.Transport = "http";
            endpoint.TargetPort = 15672;
            endpoint.Port = port;
        });

    /// <summary>Data is kept anyway; where it is published, in a volume.</summary>
    public static IResourceBuilder<RabbitMQServerResource> WithDataVolume(this IResourceBuilder<RabbitMQServerResource> builder, string? name = null, bool isReadOnly = false) =>
        builder.WithDataAt("/var/lib/rabbitmq", name, isReadOnly);
}

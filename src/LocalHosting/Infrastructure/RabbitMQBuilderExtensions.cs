using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using LocalHosting.Infrastructure;
using LocalHosting.Processes;

namespace Aspire.Hosting;

/// <summary>RabbitMQ servers, run by the programs of this machine, with their data in the data directory; or elsewhere, if <c>ConnectionStrings:NAME</c> is set.</summary>
public static class RabbitMQBuilderExtensions
{
    /// <param name="builder">The application.</param>
    /// <param name="name">The resource's name.</param>
    /// <param name="userName">Default: <c>guest</c>.</param>
    /// <param name="password">Default: generated and kept in the data directory.</param>
    /// <param name="port">Default: chosen and kept in the data directory.</param>
    /// <exception cref="DistributedApplicationException"><c>ConnectionStrings:NAME</c> is no connection string.</exception>
    public static IResourceBuilder<RabbitMQServerResource> AddRabbitMQ(this IDistributedApplicationBuilder builder, string name,
        IResourceBuilder<ParameterResource>? userName = null, IResourceBuilder<ParameterResource>? password = null, int? port = null)
    {
        if (ExternalServer.Configured(builder, name, ConnectionStringReader.RabbitMQ) is { } external)
        {
            var elsewhere = new RabbitMQServerResource(name, external.UserNameParameter(name), external.PasswordParameter(name));
            return builder.AddResource(elsewhere).RunsElsewhere(external).WithCheck(new RabbitMQCheck(elsewhere));
        }
        var server = new RabbitMQServerResource(name, userName?.Resource,
            password?.Resource ?? ParameterResourceBuilderExtensions.CreateDefaultPasswordParameter(builder, $"{name}-password", special: false));
        return builder.AddResource(server)
            .WithAnnotation(new EndpointAnnotation(ProtocolType.Tcp, name: "tcp", port: port, targetPort: 5672))
            .WithAnnotation(new ProcessRecipeAnnotation(new RabbitMQRecipe(server)))
            .WithCheck(new RabbitMQCheck(server));
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
            // A connection string says nothing of it; 15672 is what servers use unless they are told otherwise.
            if (builder.Resource.External() is { } external)
                endpoint.AllocatedEndpoint = new AllocatedEndpoint(endpoint, external.Host, port ?? 15672);
        });

    /// <summary>Data is kept anyway.</summary>
    public static IResourceBuilder<RabbitMQServerResource> WithDataVolume(this IResourceBuilder<RabbitMQServerResource> builder, string? name = null, bool isReadOnly = false) => builder;
}

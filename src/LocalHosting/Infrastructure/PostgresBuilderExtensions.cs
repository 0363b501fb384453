using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using LocalHosting.Infrastructure;
using LocalHosting.Processes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting;

/// <summary>PostgreSQL servers, run by the programs of this machine. Their data is kept in the data directory.</summary>
public static class PostgresBuilderExtensions
{
    /// <param name="builder">The application.</param>
    /// <param name="name">The resource's name.</param>
    /// <param name="userName">Default: <c>postgres</c>.</param>
    /// <param name="password">Default: generated and kept in the data directory.</param>
    /// <param name="port">Default: chosen and kept in the data directory.</param>
    public static IResourceBuilder<PostgresServerResource> AddPostgres(this IDistributedApplicationBuilder builder, string name,
        IResourceBuilder<ParameterResource>? userName = null, IResourceBuilder<ParameterResource>? password = null, int? port = null)
    {
        var server = new PostgresServerResource(name, userName?.Resource,
            password?.Resource ?? ParameterResourceBuilderExtensions.CreateDefaultPasswordParameter(builder, $"{name}-password"));
        var recipe = new PostgresRecipe(server);
        var key = $"{name}_check";
        builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(key, _ => new PostgresCheck(server), null, null, TimeSpan.FromSeconds(5)));
        builder.Eventing.Subscribe<ResourceReadyEvent>(server, (_, cancellationToken) => recipe.CreateRolesAndDatabasesAsync(cancellationToken));
        return builder.AddResource(server)
            .WithAnnotation(new EndpointAnnotation(ProtocolType.Tcp, name: "tcp", port: port, targetPort: 5432))
            .WithAnnotation(new ProcessRecipeAnnotation(recipe))
            .WithHealthCheck(key);
    }

    /// <summary>A database, created when the server is ready.</summary>
    public static IResourceBuilder<PostgresDatabaseResource> AddDatabase(this IResourceBuilder<PostgresServerResource> builder, string name, string? databaseName = null)
    {
        builder.Resource.AddDatabase(name, databaseName ?? name);
        return builder.ApplicationBuilder.AddResource(new PostgresDatabaseResource(name, databaseName ?? name, builder.Resource));
    }

    /// <summary>Data is kept anyway; where it is published, in a volume.</summary>
    public static IResourceBuilder<PostgresServerResource> WithDataVolume(this IResourceBuilder<PostgresServerResource> builder, string? name = null, bool isReadOnly = false) =>
        builder.WithDataAt("/var/lib/postgresql/data", name, isReadOnly);

    public static IResourceBuilder<PostgresServerResource> WithHostPort(this IResourceBuilder<PostgresServerResource> builder, int? port) =>
        builder.WithEndpoint("tcp", endpoint => endpoint.Port = port);
}

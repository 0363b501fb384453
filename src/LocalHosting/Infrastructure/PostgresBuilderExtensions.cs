using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using LocalHosting.Infrastructure;
using LocalHosting.Processes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting;

/// <summary>
/// PostgreSQL servers, run by the programs of this machine, with their data in the data directory; or elsewhere, if <c>ConnectionStrings:NAME</c> is set.
/// </summary>
public static class PostgresBuilderExtensions
{
    /// <param name="builder">The application.</param>
    /// <param name="name">The resource's name.</param>
    /// <param name="userName">Default: <c>postgres</c>.</param>
    /// <param name="password">Default: generated and kept in the data directory.</param>
    /// <param name="port">Default: chosen and kept in the data directory.</param>
    /// <exception cref="DistributedApplicationException"><c>ConnectionStrings:NAME</c> is no connection string.</exception>
    public static IResourceBuilder<PostgresServerResource> AddPostgres(this IDistributedApplicationBuilder builder, string name,
        IResourceBuilder<ParameterResource>? userName = null, IResourceBuilder<ParameterResource>? password = null, int? port = null)
    {
        if (ExternalServer.Configured(builder, name, ConnectionStringReader.Postgres) is { } external)
            return builder.AddExternal(builder.CreateExternal(name, external), external);
        var server = new PostgresServerResource(name, userName?.Resource,
            password?.Resource ?? ParameterResourceBuilderExtensions.CreateDefaultPasswordParameter(builder, $"{name}-password"));
        var recipe = new PostgresRecipe(server);
        builder.Eventing.Subscribe<ResourceReadyEvent>(server, (_, cancellationToken) => recipe.CreateRolesAndDatabasesAsync(cancellationToken));
        return builder.AddResource(server)
            .WithAnnotation(new EndpointAnnotation(ProtocolType.Tcp, name: "tcp", port: port, targetPort: 5432))
            .WithAnnotation(new ProcessRecipeAnnotation(recipe))
            .WithCheck(new PostgresCheck(server));
    }

    /// <summary>A database, created when the server is ready; or one elsewhere, if <c>ConnectionStrings:NAME</c> is set.</summary>
    /// <exception cref="DistributedApplicationException"><c>ConnectionStrings:NAME</c> is no connection string.</exception>
    public static IResourceBuilder<PostgresDatabaseResource> AddDatabase(this IResourceBuilder<PostgresServerResource> builder, string name, string? databaseName = null)
    {
        var application = builder.ApplicationBuilder;
        var external = ExternalServer.Configured(application, name, ConnectionStringReader.Postgres);
        var database = external is null
            ? application.AddResource(new PostgresDatabaseResource(name, databaseName ?? name, builder.Resource))
            : application.AddExternal(name, external.Database ?? databaseName ?? name, builder.Resource, external);
        builder.Resource.AddDatabase(database.Resource);
        return database;
    }

    /// <summary>Data is kept anyway.</summary>
    public static IResourceBuilder<PostgresServerResource> WithDataVolume(this IResourceBuilder<PostgresServerResource> builder, string? name = null, bool isReadOnly = false) => builder;

    public static IResourceBuilder<PostgresServerResource> WithHostPort(this IResourceBuilder<PostgresServerResource> builder, int? port) =>
        builder.WithEndpoint("tcp", endpoint => endpoint.Port = port);

    private static IResourceBuilder<PostgresServerResource> CreateExternal(this IDistributedApplicationBuilder builder, string name, ExternalServer external) =>
        builder.CreateResourceBuilder(new PostgresServerResource(name, external.UserNameParameter(name), external.PasswordParameter(name))).RunsElsewhere(external);

    private static IResourceBuilder<PostgresServerResource> AddExternal(this IDistributedApplicationBuilder builder, IResourceBuilder<PostgresServerResource> server, ExternalServer external)
    {
        var databases = new ExternalDatabases(server.Resource, external);
        builder.Eventing.Subscribe<ResourceReadyEvent>(server.Resource, (ready, cancellationToken) =>
            databases.CreateMissingAsync(ready.Services.GetRequiredService<ResourceLoggerService>().Log(ready.Resource.Name), cancellationToken));
        return builder.AddResource(server.Resource).WithCheck(new PostgresCheck(server.Resource));
    }

    private static IResourceBuilder<PostgresDatabaseResource> AddExternal(this IDistributedApplicationBuilder builder, string name, string databaseName,
        PostgresServerResource parent, ExternalServer external)
    {
        var server = builder.CreateExternal(name, external).Resource;
        return builder.AddResource(new PostgresDatabaseResource(name, databaseName, parent) { Server = server })
            .WithAnnotation(external)
            .WithCheck(new PostgresCheck(server));
    }
}

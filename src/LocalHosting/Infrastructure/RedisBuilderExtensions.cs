using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using LocalHosting.Infrastructure;
using LocalHosting.Processes;

namespace Aspire.Hosting;

/// <summary>Redis servers, run by the program of this machine; or elsewhere, if <c>ConnectionStrings:NAME</c> is set.</summary>
public static class RedisBuilderExtensions
{
    public static IResourceBuilder<RedisResource> AddRedis(this IDistributedApplicationBuilder builder, string name, int? port) =>
        builder.AddRedis(name, port, password: null);

    /// <param name="builder">The application.</param>
    /// <param name="name">The resource's name.</param>
    /// <param name="port">Default: chosen and kept in the data directory.</param>
    /// <param name="password">Default: generated and kept in the data directory.</param>
    /// <exception cref="DistributedApplicationException"><c>ConnectionStrings:NAME</c> is no connection string.</exception>
    public static IResourceBuilder<RedisResource> AddRedis(this IDistributedApplicationBuilder builder, string name, int? port = null,
        IResourceBuilder<ParameterResource>? password = null)
    {
        if (ExternalServer.Configured(builder, name, ConnectionStringReader.Redis) is { } external)
        {
            var elsewhere = external.Password is null ? new RedisResource(name) : new RedisResource(name, external.PasswordParameter(name));
            return builder.AddResource(elsewhere).RunsElsewhere(external).WithCheck(new RedisCheck(elsewhere));
        }
        var server = new RedisResource(name,
            password?.Resource ?? ParameterResourceBuilderExtensions.CreateDefaultPasswordParameter(builder, $"{name}-password", special: false));
        return builder.AddResource(server)
            .WithAnnotation(new EndpointAnnotation(ProtocolType.Tcp, name: "tcp", port: port, targetPort: 6379))
            .WithAnnotation(new ProcessRecipeAnnotation(new RedisRecipe(server)))
            .WithCheck(new RedisCheck(server));
    }

    /// <summary>Keeps the data in the data directory, with a snapshot every minute in which something changed.</summary>
    public static IResourceBuilder<RedisResource> WithDataVolume(this IResourceBuilder<RedisResource> builder, string? name = null, bool isReadOnly = false) =>
        builder.WithPersistence();

    /// <summary>Writes a snapshot when at least so many keys changed within the interval; default: one key in 60 seconds.</summary>
    public static IResourceBuilder<RedisResource> WithPersistence(this IResourceBuilder<RedisResource> builder, TimeSpan? interval = null, long keysChangedThreshold = 1) =>
        builder.WithAnnotation(new RedisPersistence(interval ?? TimeSpan.FromSeconds(60), keysChangedThreshold), ResourceAnnotationMutationBehavior.Replace);

    public static IResourceBuilder<RedisResource> WithHostPort(this IResourceBuilder<RedisResource> builder, int? port) =>
        builder.WithEndpoint("tcp", endpoint => endpoint.Port = port);
}

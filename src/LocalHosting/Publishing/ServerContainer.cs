using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using LocalHosting.Infrastructure;

namespace LocalHosting.Publishing;

/// <summary>The container that a deployment runs for a server, which is a program of the machine here.</summary>
internal sealed record ServerContainer(ContainerImage Image, string? Entrypoint, IReadOnlyDictionary<string, object> Environment, IReadOnlyList<object> Arguments)
{
    /// <exception cref="DistributedApplicationException">It is not known which image the container has.</exception>
    public static ServerContainer Of(ContainerResource container)
    {
        var known = container switch
        {
            PostgresServerResource postgres => new ServerContainer(new ContainerImage("docker.io", "library/postgres", "17.6"), null, new Dictionary<string, object>
            {
                ["POSTGRES_HOST_AUTH_METHOD"] = "scram-sha-256",
                ["POSTGRES_INITDB_ARGS"] = "--auth-host=scram-sha-256 --auth-local=scram-sha-256",
                ["POSTGRES_USER"] = postgres.UserNameReference,
                ["POSTGRES_PASSWORD"] = postgres.PasswordParameter,
            }, []),
            RabbitMQServerResource rabbit => new ServerContainer(new ContainerImage("docker.io", "library/rabbitmq", rabbit.ManagementEndpoint.Exists ? "4.2-management" : "4.2"), null, new Dictionary<string, object>
            {
                ["RABBITMQ_DEFAULT_USER"] = rabbit.UserNameReference,
                ["RABBITMQ_DEFAULT_PASS"] = rabbit.PasswordParameter,
            }, []),
            RedisResource redis => Redis(redis),
            _ => new ServerContainer(new ContainerImage("", "", ""), null, new Dictionary<string, object>(), []),
        };
        var image = container.Annotations.OfType<ImageAnnotation>().Aggregate(known.Image, (image, given) => given.Change(image));
        return image.Name.Length > 0
            ? known with { Image = image }
            : throw new DistributedApplicationException($"The container '{container.Name}' has no image; give it one with WithImage, or leave it out with ExcludeFromManifest().");
    }

    // The shell puts the password in, so that it does not stand in the container's description.
    private static ServerContainer Redis(RedisResource redis)
    {
        var command = "redis-server";
        var environment = new Dictionary<string, object>();
        if (redis.PasswordParameter is { } password)
        {
            command += " --requirepass $REDIS_PASSWORD";
            environment["REDIS_PASSWORD"] = password;
        }
        if (redis.TryGetLastAnnotation<RedisPersistence>(out var kept))
            command += string.Create(CultureInfo.InvariantCulture, $" --save {(long)kept.Interval.TotalSeconds} {kept.KeysChanged}");
        return new ServerContainer(new ContainerImage("docker.io", "library/redis", "8.2"), "/bin/sh", environment, ["-c", command]);
    }
}

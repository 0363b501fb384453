using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace PhotoPlatform.AppHost.Postgres;

/// <summary>
/// Standbys of PostgreSQL servers, by streaming replication. They run on this machine with its PostgreSQL programs, of the primary's major version,
/// wherever the primary runs: as a process of the embedded runtime, as Aspire's container, or as an external server.
/// </summary>
internal static class PostgresStandbyExtensions
{
    // A probe starts a shell and a client.
    private static readonly TimeSpan ProbeLimit = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Adds a standby: cloned at its first start, streaming from then on, promoted by its command <c>promote</c>. It waits for its primary by itself, so that it
    /// can also start when that is lost. A promoted one stays a primary. An old primary that comes back then is another primary, with its own data and address;
    /// nothing merges the two.
    /// </summary>
    public static IResourceBuilder<PostgresStandbyResource> AddStandby(this IResourceBuilder<PostgresServerResource> primary, string name)
    {
        var builder = primary.ApplicationBuilder;
        var data = builder.Configuration["data"] ?? Path.GetFullPath("../../.data", builder.AppHostDirectory);
        var standby = new PostgresStandbyResource(name, "bash", StandbyScript.Folder, primary.Resource);
        var key = $"{name}_check";
        builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(key, _ => new StandbyCheck(standby), failureStatus: null, tags: null, ProbeLimit));
        primary.AllowReplication();
        return builder.AddResource(standby)
            .WithEndpoint(scheme: "tcp", name: "tcp", env: "STANDBY_PORT")
            .WithArgs("standby.sh", "run")
            // A standby refuses to start with less than the primary has, of connections for example.
            .WithArgs(async context =>
            {
                foreach (var settings in primary.Resource.Annotations.OfType<CommandLineArgsCallbackAnnotation>().ToArray())
                    await settings.Callback(context);
            })
            .WithEnvironment("STANDBY_NAME", name)
            .WithEnvironment("STANDBY_DIRECTORY", Path.GetFullPath(Path.Combine(data, name)))
            .WithEnvironment("PGHOST", primary.Resource.PrimaryEndpoint.Property(EndpointProperty.Host))
            .WithEnvironment("PGPORT", primary.Resource.PrimaryEndpoint.Property(EndpointProperty.Port))
            .WithEnvironment("PGUSER", standby.UserName)
            .WithEnvironment("PGPASSWORD", ReferenceExpression.Create($"{primary.Resource.PasswordParameter}"))
            .WithHealthCheck(key)
            .WithCommand("promote", "Promote", context => PromoteAsync(standby, context.CancellationToken), new CommandOptions
            {
                Description = "Makes the standby a primary, for good.",
                ConfirmationMessage = $"Make {name} a primary? It will not follow {primary.Resource.Name} again.",
                UpdateState = context => context.ResourceSnapshot.HealthStatus == HealthStatus.Healthy && !standby.IsPromoted ? ResourceCommandState.Enabled : ResourceCommandState.Disabled,
            })
            // A deployment has a database service with replicas of its own.
            .ExcludeFromManifest();
    }

    /// <summary>A database of the primary, for reading from the standby.</summary>
    public static IResourceBuilder<PostgresStandbyDatabaseResource> AddDatabase(this IResourceBuilder<PostgresStandbyResource> standby, string name, string? databaseName = null) =>
        standby.ApplicationBuilder.AddResource(new PostgresStandbyDatabaseResource(name, databaseName ?? name, standby.Resource)).ExcludeFromManifest();

    private static async Task<ExecuteCommandResult> PromoteAsync(PostgresStandbyResource standby, CancellationToken cancellationToken)
    {
        var (isSuccess, output) = await StandbyScript.RunAsync(standby, "promote", cancellationToken);
        standby.IsPromoted |= isSuccess;
        return isSuccess ? CommandResults.Success() : CommandResults.Failure(output);
    }

    private static void AllowReplication(this IResourceBuilder<PostgresServerResource> primary)
    {
        if (primary.ApplicationBuilder.ExecutionContext.IsPublishMode || primary.Resource.TryGetLastAnnotation<ReplicationAllowed>(out _))
            return;
        primary.WithAnnotation(new ReplicationAllowed())
            // A standby that never comes back must not fill the primary's disk; one that missed more clones anew.
            .WithArgs("-c", "max_slot_wal_keep_size=2GB")
            // For Aspire's container only; the embedded runtime's clusters allow replication on the loopback interface and have this locale. The first two are
            // Aspire's own; the locale is the one that exists everywhere, because the standby's machine must have it too.
            .WithBindMount(Path.Combine(StandbyScript.Folder, "allow-replication.sh"), "/docker-entrypoint-initdb.d/allow-replication.sh", isReadOnly: true)
            .WithEnvironment("POSTGRES_INITDB_ARGS", "--auth-host=scram-sha-256 --auth-local=scram-sha-256 --locale=C --encoding=UTF8");
    }

    private sealed class ReplicationAllowed : IResourceAnnotation;
}

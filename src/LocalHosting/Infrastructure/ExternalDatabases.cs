using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using LocalHosting.Processes;
using LocalHosting.Running;

namespace LocalHosting.Infrastructure;

/// <summary>Creates the databases that are missing on an external server, if its user may. It needs psql for that, and goes on without.</summary>
internal sealed class ExternalDatabases(PostgresServerResource server, ExternalServer external)
{
    // A server that has just answered a probe; what takes longer is a firewall.
    private const string ConnectSeconds = "10";

    public async Task CreateMissingAsync(ResourceLog log, CancellationToken cancellationToken)
    {
        var databases = server.OwnDatabases;
        if (databases.Count == 0)
            return;
        if (PostgresPrograms.Find("psql") is not { } psql)
        {
            log.Lifecycle($"psql was not found, so nobody looked whether {external.Address} has the databases {string.Join(", ", databases)}; create what is missing with CREATE DATABASE, or install psql, on Debian with \"apt-get install postgresql-client\"");
            return;
        }
        foreach (var database in databases)
        {
            if (!await ExistsAsync(psql, database, cancellationToken))
                await CreateAsync(psql, database, log, cancellationToken);
        }
    }

    private async Task CreateAsync(string psql, string database, ResourceLog log, CancellationToken cancellationToken)
    {
        var create = $"CREATE DATABASE {Sql.Identifier(database)}";
        var (exitCode, output) = await RunAsync(psql, create, cancellationToken);
        if (exitCode == 0)
            log.Lifecycle($"created the database {database} on {external.Address}");
        // Another AppHost may have been faster.
        else if (!await ExistsAsync(psql, database, cancellationToken))
        {
            throw new DistributedApplicationException(
                $"the database '{database}' is missing on {external.Address} and {external.UserName} cannot create it ({LogTail.MostTelling(output)}); let an administrator run: {create} OWNER {Sql.Identifier(external.UserName!)};");
        }
    }

    private async Task<bool> ExistsAsync(string psql, string database, CancellationToken cancellationToken)
    {
        var (exitCode, output) = await RunAsync(psql, $"SELECT 'found' FROM pg_database WHERE datname = {Sql.Literal(database)}", cancellationToken);
        return exitCode == 0
            ? output.Contains("found")
            : throw new DistributedApplicationException($"the databases of {external.Address} cannot be seen ({LogTail.MostTelling(output)}); correct {external.Setting}.");
    }

    private Task<(int ExitCode, IReadOnlyList<string> Output)> RunAsync(string psql, string sql, CancellationToken cancellationToken)
    {
        var environment = new Dictionary<string, string>
        {
            ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin",
            ["HOME"] = Environment.GetEnvironmentVariable("HOME") ?? "/",
            ["PGHOST"] = external.Host.Trim('[', ']'),
            ["PGPORT"] = external.Port.ToString(CultureInfo.InvariantCulture),
            ["PGUSER"] = external.UserName!,
            ["PGDATABASE"] = external.Database ?? "postgres",
            ["PGCONNECT_TIMEOUT"] = ConnectSeconds,
        };
        if (external.Password is { } password)
            environment["PGPASSWORD"] = password;
        return ShortProcess.RunAsync(new ProcessRequest(psql, ["-X", "-q", "-t", "-A", "-w", "-v", "ON_ERROR_STOP=1", "-c", sql], "/", environment), cancellationToken);
    }
}

using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using LocalHosting.Network;
using LocalHosting.Processes;
using LocalHosting.Running;

namespace LocalHosting.Infrastructure;

/// <summary>
/// Runs PostgreSQL on a cluster in the data directory. TCP connections need the password; the local socket, in a directory that only the
/// server's own user can enter, does not, so that a changed password can be set there.
/// </summary>
internal sealed class PostgresRecipe(PostgresServerResource server) : IProcessRecipe
{
    private PostgresPlace? _place;
    private Dictionary<string, string> _environment = [];

    public bool IsServer => true;

    public async Task<ProcessRequest> PrepareAsync(LaunchContext context, CancellationToken cancellationToken)
    {
        var programs = PostgresPrograms.RequireDirectory();
        _environment = context.Environment.Where(variable => !variable.Key.StartsWith("PG", StringComparison.Ordinal)).ToDictionary();
        _place = await PostgresPlace.PrepareAsync(context, programs, cancellationToken);
        if (!File.Exists(Path.Combine(_place.Cluster, "PG_VERSION")))
            await InitializeAsync(context.Log, cancellationToken);
        else
            CheckVersion(programs);
        ReleaseStaleLocks();

        var port = server.PrimaryEndpoint.Port.ToString(CultureInfo.InvariantCulture);
        var addresses = PortProbe.HasIPv6Loopback ? "127.0.0.1,::1" : "127.0.0.1";
        return Request("postgres", ["-D", _place.Cluster, "-p", port, "-h", addresses, "-k", _place.Socket, .. context.Arguments]) with
        {
            StopSignal = Signal.Interrupt,
            Grace = TimeSpan.FromSeconds(15),
        };
    }

    /// <summary>Sets the password and creates what is missing. Safe to repeat.</summary>
    public async Task CreateRolesAndDatabasesAsync(CancellationToken cancellationToken)
    {
        var user = await server.UserNameReference.GetValueAsync(cancellationToken) ?? "postgres";
        var password = await server.PasswordParameter.GetValueAsync(cancellationToken) ?? "";
        var script = new List<string>
        {
            $"SELECT 'CREATE ROLE ' || quote_ident({Sql.Literal(user)}) WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {Sql.Literal(user)}) \\gexec",
            $"SELECT format('ALTER ROLE %I SUPERUSER LOGIN PASSWORD %L', {Sql.Literal(user)}, {Sql.Literal(password)}) \\gexec",
        };
        script.AddRange(server.OwnDatabases.Select(database =>
            $"SELECT 'CREATE DATABASE ' || quote_ident({Sql.Literal(database)}) || ' OWNER ' || quote_ident({Sql.Literal(user)}) WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = {Sql.Literal(database)}) \\gexec"));
        var port = server.PrimaryEndpoint.Port.ToString(CultureInfo.InvariantCulture);
        var psql = Request("psql", ["-X", "-q", "-t", "-v", "ON_ERROR_STOP=1", "-h", _place!.Socket, "-p", port, "-U", "postgres", "-d", "postgres", "-f", "-"]) with
        {
            StandardInput = string.Join('\n', script) + "\n",
        };
        var (exitCode, output) = await ShortProcess.RunAsync(psql, cancellationToken);
        if (exitCode != 0)
            throw new DistributedApplicationException($"its roles and databases could not be created: {LogTail.MostTelling(output)}");
    }

    private async Task InitializeAsync(ResourceLog log, CancellationToken cancellationToken)
    {
        log.Note($"creating a cluster in {_place!.Cluster}");
        var (exitCode, output) = await ShortProcess.RunAsync(Request("initdb",
            ["-D", _place.Cluster, "-U", "postgres", "--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync", "-E", "UTF8", "--locale=C"]), cancellationToken);
        foreach (var line in output)
            log.Output(line, isError: false);
        if (exitCode != 0)
            throw new DistributedApplicationException($"its data directory could not be created: {LogTail.MostTelling(output)}");
    }

    // The server takes a dead process that nobody has collected (PID 1 of many containers never does) for a living one. In the lock of its data our own number, that of
    // its parent, tells it better, and it still looks for a predecessor's processes in shared memory; that of its socket holds nothing else.
    private void ReleaseStaleLocks()
    {
        var data = Path.Combine(_place!.Cluster, "postmaster.pid");
        if (IsStale(data))
            File.WriteAllLines(data, [Environment.ProcessId.ToString(CultureInfo.InvariantCulture), .. File.ReadAllLines(data).Skip(1)]);
        foreach (var socket in Directory.GetFiles(_place.Socket, ".s.PGSQL.*.lock").Where(IsStale))
            File.Delete(socket);
    }

    private static bool IsStale(string file) => File.Exists(file)
        && int.TryParse(File.ReadLines(file).FirstOrDefault(), CultureInfo.InvariantCulture, out var pid) && ProcessTable.Find(pid) is null or { IsZombie: true };

    private void CheckVersion(string programs)
    {
        var version = File.ReadAllText(Path.Combine(_place!.Cluster, "PG_VERSION")).Trim();
        if (PostgresPrograms.Version(programs) is { } installed && installed != version)
        {
            throw new DistributedApplicationException(
                $"its data in {_place.Cluster} is of PostgreSQL {version}, but {installed} is installed; install PostgreSQL {version} or move that directory away.");
        }
    }

    private ProcessRequest Request(string program, IReadOnlyList<string> arguments) =>
        new(Path.Combine(_place!.Programs, program), arguments, "/", _environment) { RunAs = _place.User };
}

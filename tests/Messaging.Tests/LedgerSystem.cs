using System.Diagnostics;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Npgsql;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests;

/// <summary>
/// The nodes of tests/Messaging.Ledger as processes, with a RabbitMQ and a PostgreSQL of their own, whose data is as safe as in production: all of them are there
/// to be killed. They run alone, when the other tests have ended.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class LedgerSystem : IAsyncLifetime, ICollectionFixture<LedgerSystem>
{
    public const string Name = "ledger";
    internal const string Broker = "bus";
    internal const string Server = "postgres";
    private static readonly string[] Nodes = ["publish", "relay-1", "relay-2", "consume", "work"];

    // Starts on a busy machine.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);
    private readonly IDistributedApplicationTestingBuilder _builder = DistributedApplicationTestingBuilder.Create(
        ["--restart", "never"], (options, _) => (options.EnableResourceLogging, options.ProjectDirectory) = (false, AppContext.BaseDirectory));
    private readonly IResourceBuilder<RabbitMQServerResource> _bus;
    private readonly IResourceBuilder<PostgresDatabaseResource> _database;
    private DistributedApplication _app = null!;

    public LedgerSystem()
    {
        Failpoints = Path.Combine(_builder.Configuration["data"]!, "failpoints");
        _bus = _builder.AddRabbitMQ(Broker);
        _database = _builder.AddPostgres(Server).AddDatabase(Name);
        var migrated = Node("migrate", "migrate").WaitFor(_database);
        var declared = Node("declare", "declare").WaitFor(_bus);
        foreach (var name in Nodes)
        {
            var role = name.Split('-')[0];
            var node = Node(name, role == "relay" ? [role] : []).WithEnvironment("Ledger__Role", role).WithHttpEndpoint().WaitForCompletion(migrated).WaitForCompletion(declared);
            node.WithEnvironment("ASPNETCORE_URLS", node.GetEndpoint("http"));
        }
    }

    /// <summary>The folder in which a directory of its name arms a failpoint.</summary>
    internal string Failpoints { get; }

    /// <summary>Where attempts are sent to.</summary>
    internal Uri Publisher => _app.GetEndpoint("publish");

    internal NpgsqlDataSource Database { get; private set; } = null!;

    internal string Bus { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Failpoints);
        _app = await _builder.BuildAsync();
        await _app.StartAsync().WaitAsync(Limit);
        Bus = (await _app.GetConnectionStringAsync(Broker))!;
        Database = NpgsqlDataSource.Create($"{await _app.GetConnectionStringAsync(Name)};Application Name=test");
    }

    public async ValueTask DisposeAsync()
    {
        if (Database is not null)
            await Database.DisposeAsync();
        await _builder.DisposeAsync();
    }

    /// <summary>Starts the nodes that are not running.</summary>
    internal Task StartNodesAsync() => Task.WhenAll(Nodes.Where(node => Pid(node) is null).Select(StartAsync));

    /// <summary>Lets the nodes finish what they work on, and end: whatever they have not acknowledged is back in its queue then.</summary>
    internal Task StopNodesAsync() => Task.WhenAll(Nodes.Select(node => _app.ResourceCommands.ExecuteCommandAsync(node, KnownResourceCommands.StopCommand).WaitAsync(Limit)));

    /// <summary>Kills a process, and starts it again. Returns when it runs, which is before it works.</summary>
    internal async Task KillAsync(string resource)
    {
        Assert.True(Pid(resource) is { } pid && TryKill(pid), $"{resource} has ended by itself:\n{LogTails()}");
        await EndedAsync(resource);
        await StartAsync(resource);
    }

    /// <summary>Kills the server process of one of the nodes' connections. PostgreSQL then ends all others too, and recovers as after a crash.</summary>
    internal Task KillBackendAsync(int pick) => Eventually.GetAsync(async () =>
    {
        var backends = await TryQueryAsync("SELECT pid FROM pg_stat_activity WHERE application_name = 'ledger' ORDER BY pid", row => row.GetInt32(0));
        return backends is { Count: > 0 } && TryKill(backends[pick % backends.Count]);
    }, killed => killed, Limit);

    /// <summary>Waits for the end of the node that killed itself, and starts it again.</summary>
    internal async Task<string> StartEndedNodeAsync()
    {
        var node = await Eventually.GetAsync(() => Task.FromResult(Array.Find(Nodes, node => Pid(node) is null)), ended => ended is not null, Limit);
        await StartAsync(node!);
        return node!;
    }

    /// <summary>All rows, or null while the database is away.</summary>
    internal async Task<List<T>?> TryQueryAsync<T>(string sql, Func<NpgsqlDataReader, T> read, params object[] parameters)
    {
        try
        {
            await using var command = Database.CreateCommand(sql);
            foreach (var parameter in parameters)
                command.Parameters.Add(new NpgsqlParameter { Value = parameter });
            await using var reader = await command.ExecuteReaderAsync();
            var rows = new List<T>();
            while (await reader.ReadAsync())
                rows.Add(read(reader));
            return rows;
        }
        catch (NpgsqlException)
        {
            return null;
        }
    }

    /// <summary>The ends of all logs, for a test that failed: they are gone afterwards.</summary>
    internal string LogTails() => string.Join('\n', Directory.EnumerateFiles(Path.Combine(_builder.Configuration["data"]!, "logs"), "*.log").Order()
        .SelectMany(file => File.ReadLines(file).TakeLast(15).Prepend($"--- {Path.GetFileName(file)}")));

    private IResourceBuilder<ExecutableResource> Node(string name, params string[] arguments) => _builder
        .AddExecutable(name, "dotnet", AppContext.BaseDirectory, [Repository.Program("tests/Messaging.Ledger", "Messaging.Ledger"), .. arguments])
        .WithReference(_bus).WithReference(_database).WithEnvironment("Ledger__Failpoints", Failpoints)
        .WithEnvironment("Messaging__Relay", "false");

    private async Task StartAsync(string resource) => await Eventually.GetAsync(async () =>
    {
        // A command that comes too early after the end is not taken.
        await _app.ResourceCommands.ExecuteCommandAsync(resource, KnownResourceCommands.StartCommand);
        return Pid(resource);
    }, pid => pid is not null, Limit);

    private Task<ResourceEvent> EndedAsync(string resource) => _app.ResourceNotifications.WaitForResourceAsync(resource, change => Pid(change.Snapshot) is null).WaitAsync(Limit);

    private int? Pid(string resource) => _app.ResourceNotifications.TryGetCurrentState(resource, out var state) ? Pid(state.Snapshot) : null;

    private static int? Pid(CustomResourceSnapshot snapshot) => snapshot.Properties.FirstOrDefault(property => property.Name == "executable.pid")?.Value as int?;

    /// <returns>False when there is no such process any more.</returns>
    private static bool TryKill(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            process.Kill();
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}

using System.Diagnostics;
using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Npgsql;

namespace PhotoPlatform.Messaging.Bench;

/// <summary>A PostgreSQL and a RabbitMQ as the platform runs them, with their default durability, in a folder that goes when they do.</summary>
internal sealed class Servers : IAsyncDisposable
{
    private readonly DistributedApplication _application;
    private readonly string _folder;
    private readonly int _postgres;
    private readonly int _rabbitMQ;

    private Servers(DistributedApplication application, string folder, IReadOnlyDictionary<string, string?> settings) =>
        (_application, _folder, Settings, _postgres, _rabbitMQ) = (application, folder, settings, ProcessOf(application, "postgres"), ProcessOf(application, "bus"));

    /// <summary>The connection strings of a service.</summary>
    internal IReadOnlyDictionary<string, string?> Settings { get; }

    /// <param name="npgsql">More settings of the connections to PostgreSQL, or nothing.</param>
    /// <param name="cancellationToken">Ends the wait for them.</param>
    /// <exception cref="BenchFailedException">They do not start.</exception>
    internal static async Task<Servers> StartAsync(string npgsql, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("photoplatform-bench-").FullName;
        // PostgreSQL runs under a user of its own when the bench runs as root.
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions { Args = ["--data", folder], DisableDashboard = true, DashboardApplicationName = "Bench" });
        var bus = builder.AddRabbitMQ("bus");
        var postgres = builder.AddPostgres("postgres");
        IResourceBuilder<PostgresDatabaseResource>[] databases = [postgres.AddDatabase(Services.Publisher), postgres.AddDatabase(Services.Consumer)];
        var application = builder.Build();
        try
        {
            await application.StartAsync(cancellationToken);
            foreach (var name in new[] { "bus", Services.Publisher, Services.Consumer })
                await application.ResourceNotifications.WaitForResourceHealthyAsync(name, cancellationToken);
            var settings = new Dictionary<string, string?> { ["ConnectionStrings:bus"] = await AddressAsync(bus.Resource) };
            foreach (var database in databases)
                settings[$"ConnectionStrings:{database.Resource.Name}"] = $"{await AddressAsync(database.Resource)};{npgsql}";
            return new Servers(application, folder, settings);
        }
        catch (Exception exception)
        {
            await application.DisposeAsync();
            Directory.Delete(folder, recursive: true);
            throw exception is DistributedApplicationException ? new BenchFailedException($"The servers do not start: {exception.Message}") : exception;
        }

        async Task<string?> AddressAsync(IResourceWithConnectionString resource) => await resource.GetConnectionStringAsync(cancellationToken);
    }

    /// <summary>Empties the tables of both services, so that every run begins alike.</summary>
    internal async Task CleanAsync(CancellationToken cancellationToken)
    {
        foreach (var service in new[] { Services.Publisher, Services.Consumer })
        {
            var tables = await ScalarAsync<string>(service, """
                SELECT string_agg(oid::regclass::text, ', ') FROM pg_class
                WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> '__EFMigrationsHistory'
                """, cancellationToken);
            await ExecuteAsync(service, $"TRUNCATE {tables}", cancellationToken);
            await ExecuteAsync(service, "VACUUM ANALYZE", cancellationToken);
        }
        await ExecuteAsync(Services.Publisher, "CHECKPOINT", cancellationToken);
    }

    internal Task<long> CountAsync(string service, string table, CancellationToken cancellationToken) => ScalarAsync<long>(service, $"SELECT count(*) FROM {table}", cancellationToken);

    internal async Task ExecuteAsync(string service, string sql, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(service, cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The processor time that this process, PostgreSQL and RabbitMQ have used so far.</summary>
    internal ProcessorTime ProcessorTime() => new(Environment.CpuUsage.TotalTime, ProcessFamily.ProcessorTime(_postgres), ProcessFamily.ProcessorTime(_rabbitMQ));

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<T> ScalarAsync<T>(string service, string sql, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(service, cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        return (T)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private async Task<NpgsqlConnection> OpenAsync(string service, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection($"{Settings[$"ConnectionStrings:{service}"]};Pooling=false");
        await connection.OpenAsync(cancellationToken);
        return connection;
    }

    private static int ProcessOf(DistributedApplication application, string resource) =>
        application.ResourceNotifications.TryGetCurrentState(resource, out var state)
            ? Convert.ToInt32(state.Snapshot.Properties.First(property => property.Name == "executable.pid").Value, CultureInfo.InvariantCulture)
            : throw new UnreachableException();
}

using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Npgsql;
using PhotoPlatform.Messaging;

namespace PhotoPlatform.Testing;

/// <summary>What one test class owns of the shared servers: databases, a vhost, a folder for blobs. Gone when it is disposed.</summary>
public sealed class TestEnvironment : IAsyncDisposable
{
    /// <summary>The key that this environment's gateway and services share.</summary>
    public const string IdentityKey = "a key for tests, known to everybody, 32+ bytes";

    private readonly TestServers _servers;
    private readonly HttpClient _management;
    private readonly List<string> _databases = [];

    private TestEnvironment(TestServers servers)
    {
        _servers = servers;
        Name = $"t{Guid.NewGuid():N}"[..16];
        Folder = Directory.CreateTempSubdirectory("photoplatform-test-").FullName;
        var bus = new Uri(servers.Bus);
        _management = new HttpClient { BaseAddress = new Uri(servers.Management) };
        _management.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(bus.UserInfo))));
        Bus = $"{servers.Bus}/{Name}";
    }

    /// <summary>Unique among all that run.</summary>
    public string Name { get; }

    /// <summary>A folder of its own.</summary>
    public string Folder { get; }

    /// <summary>AMQP address of its vhost.</summary>
    public string Bus { get; }

    /// <summary>Connection string of the shared Redis.</summary>
    public string Redis => _servers.Redis;

    /// <summary>Makes an environment with these databases.</summary>
    public static async Task<TestEnvironment> CreateAsync(params string[] databases)
    {
        var environment = new TestEnvironment(await TestServers.GetAsync());
        (await environment._management.PutAsync(new Uri($"api/vhosts/{environment.Name}", UriKind.Relative), null)).EnsureSuccessStatusCode();
        foreach (var database in databases)
        {
            await environment.ExecuteAsync($"CREATE DATABASE {environment.Name}_{database}");
            environment._databases.Add(database);
        }
        return environment;
    }

    /// <summary>Connection string of one of its databases.</summary>
    public string Database(string name) => $"{_servers.Postgres};Database={Name}_{name}";

    /// <summary>Runs a query in one of its databases and returns the first value of each row.</summary>
    public async Task<List<T>> QueryAsync<T>(string database, string sql, params object[] parameters)
    {
        await using var connection = new NpgsqlConnection(Database(database) + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters)
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        await using var reader = await command.ExecuteReaderAsync();
        var values = new List<T>();
        while (await reader.ReadAsync())
            values.Add(await reader.GetFieldValueAsync<T>(0));
        return values;
    }

    /// <summary>The messages that lie in a queue, without taking them out.</summary>
    public async Task<List<QueuedMessage>> PeekAsync(string queue)
    {
        var response = await _management.PostAsJsonAsync(new Uri($"api/queues/{Name}/{queue}/get", UriKind.Relative),
            new { count = 100, ackmode = "ack_requeue_true", encoding = "auto" });
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<List<QueuedMessage>>())!;
    }

    /// <summary>What the management interface says of the environment's queues.</summary>
    public async Task<List<QueueDescription>> QueuesAsync() =>
        (await _management.GetFromJsonAsync<List<QueueDescription>>(new Uri($"api/queues/{Name}", UriKind.Relative)))!;

    /// <summary>The names, in order, of the queues that a service declared to consume, without those for its retries and dead letters.</summary>
    public async Task<List<string>> ConsumedQueuesAsync()
    {
        var declared = (await QueuesAsync()).Select(queue => queue.Name).ToHashSet();
        return [.. declared.Where(queue => declared.Contains(MessageNames.DeadLetterQueueOf(queue))).Order(StringComparer.Ordinal)];
    }

    /// <summary>The exchanges that events are published to.</summary>
    public async Task<IReadOnlyList<string>> EventExchangesAsync() =>
        [.. (await _management.GetFromJsonAsync<List<ExchangeDescription>>(new Uri($"api/exchanges/{Name}", UriKind.Relative)))!
            .Where(exchange => exchange.Type == "fanout" && !exchange.Name.StartsWith("amq.", StringComparison.Ordinal)).Select(exchange => exchange.Name)];

    /// <summary>The settings that a service needs here.</summary>
    public Dictionary<string, string?> Settings()
    {
        var settings = new Dictionary<string, string?>
        {
            ["ConnectionStrings:bus"] = Bus,
            ["ConnectionStrings:redis"] = Redis,
            ["Identity:Key"] = IdentityKey,
            ["Storage:Path"] = Path.Combine(Folder, "blobs"),
            ["Media:UrlKey"] = "another key for tests, also 32+ bytes long",
            ["Mail:LinkKey"] = "a third key for tests, it has 32+ bytes too",
            ["PublicUrl"] = "http://localhost:8080",
        };
        foreach (var database in _databases)
            settings[$"ConnectionStrings:{database}"] = Database(database);
        return settings;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _management.DeleteAsync(new Uri($"api/vhosts/{Name}", UriKind.Relative));
        foreach (var database in _databases)
            await ExecuteAsync($"DROP DATABASE IF EXISTS {Name}_{database} WITH (FORCE)");
        _management.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection($"{_servers.Postgres};Database=postgres;Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}

/// <summary>A message in a queue, as the management interface shows it.</summary>
public sealed record QueuedMessage(string Payload, MessageProperties Properties);

/// <summary>Its properties.</summary>
public sealed record MessageProperties(Dictionary<string, object>? Headers)
{
    /// <summary>A header as text, or null.</summary>
    public string? Header(string name) => Headers?.TryGetValue(name, out var value) == true ? value.ToString() : null;
}

/// <summary>A queue, as the management interface shows it.</summary>
public sealed record QueueDescription(string Name, Dictionary<string, System.Text.Json.JsonElement> Arguments);

/// <summary>An exchange, as the management interface shows it.</summary>
internal sealed record ExchangeDescription(string Name, string Type);

using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace PhotoPlatform.LocalHosting.Tests;

/// <summary>Servers that run elsewhere because <c>ConnectionStrings:NAME</c> is set. "Elsewhere" is another AppHost, or a listener of the test.</summary>
public sealed class ExternalServerTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task An_external_postgres_is_used_and_gets_the_databases_that_it_lacks()
    {
        await using var elsewhere = new TestApplication();
        var server = await PostgresAsync(elsewhere);
        await Database.QueryAsync(server, "CREATE DATABASE present");
        var given = $"{server};Application Name=test";
        await using var test = new TestApplication($"--ConnectionStrings:postgres={given}");
        var postgres = test.Builder.AddPostgres("postgres");
        var database = postgres.AddDatabase("orders-db", "orders");
        postgres.AddDatabase("present");
        test.Sleeper("waiter").WaitFor(database);

        await test.Application.StartAsync().WaitAsync(Limit);

        Assert.Equal(given, await postgres.Resource.ConnectionStringExpression.GetValueAsync(default));
        Assert.Equal($"{given};Database=orders", await database.Resource.ConnectionStringExpression.GetValueAsync(default));
        Assert.Equal("1", await Database.QueryAsync((await database.Resource.ConnectionStringExpression.GetValueAsync(default))!, "SELECT 1"));
        Assert.True(test.Notifications.TryGetCurrentState("postgres", out var state));
        Assert.Equal(("PostgresServer", KnownResourceStates.Running, HealthStatus.Healthy), (state.Snapshot.ResourceType, state.Snapshot.State?.Text, state.Snapshot.HealthStatus));
        Assert.Equal($"localhost:{Port(server)}", Assert.Single(state.Snapshot.Properties, property => property.Name == "external-server").Value);
        Assert.Equal(("external server", $"tcp://localhost:{Port(server)}"), state.Snapshot.Urls.Select(url => (url.Name, url.Url)).Single());
        Assert.DoesNotContain(postgres.Resource.Annotations, annotation => annotation is ResourceCommandAnnotation);
        Assert.False(Directory.Exists(Path.Combine(test.Data, "postgres")));
        Assert.DoesNotContain(Directory.EnumerateFiles(test.Data, "*", SearchOption.AllDirectories), file => Text(file).Contains(Part(server, "Password"), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_user_who_may_not_create_a_database_is_told_what_to_ask_for()
    {
        await using var elsewhere = new TestApplication();
        var server = await PostgresAsync(elsewhere);
        await Database.QueryAsync(server, "CREATE ROLE app LOGIN PASSWORD 'secret-1'");
        await using var test = new TestApplication($"--ConnectionStrings:postgres=Host=localhost;Port={Port(server)};Username=app;Password=secret-1");
        test.Sleeper("waiter").WaitFor(test.Builder.AddPostgres("postgres").AddDatabase("orders"));

        var failure = await Assert.ThrowsAnyAsync<DistributedApplicationException>(() => test.Application.StartAsync().WaitAsync(Limit));

        Assert.Equal($"postgres failed to start: the database 'orders' is missing on localhost:{Port(server)} and app cannot create it (ERROR:  permission denied to create database); "
            + "let an administrator run: CREATE DATABASE \"orders\" OWNER \"app\";", failure.Message);
    }

    [Fact]
    public async Task A_wrong_password_is_told_with_the_setting_that_holds_it()
    {
        await using var elsewhere = new TestApplication();
        var server = await PostgresAsync(elsewhere);
        await using var test = new TestApplication($"--ConnectionStrings:postgres=Host=localhost;Port={Port(server)};Username=postgres;Password=secret-1");
        test.Sleeper("waiter").WaitFor(test.Builder.AddPostgres("postgres").AddDatabase("orders"));

        var failure = await Assert.ThrowsAnyAsync<DistributedApplicationException>(() => test.Application.StartAsync().WaitAsync(Limit));

        Assert.StartsWith($"postgres failed to start: the databases of localhost:{Port(server)} cannot be seen (", failure.Message, StringComparison.Ordinal);
        Assert.EndsWith("password authentication failed for user \"postgres\"); correct ConnectionStrings:postgres.", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_alone_can_be_elsewhere()
    {
        await using var elsewhere = new TestApplication();
        var given = await PostgresAsync(elsewhere) + ";Database=postgres";
        await using var test = new TestApplication($"--ConnectionStrings:orders_db={given}");
        var database = test.Builder.AddPostgres("postgres").WithExplicitStart().AddDatabase("orders-db", "orders");
        var service = test.WebService("service").WithReference(database, "orders").WaitFor(database);

        await test.Application.StartAsync().WaitAsync(Limit);
        await test.Notifications.WaitForResourceHealthyAsync("service").WaitAsync(Limit);
        var environment = await TestApplication.GetAsync<Dictionary<string, string>>(service, "/environment");

        Assert.Equal((given, "postgres", Port(given)), (environment["ConnectionStrings__orders"], environment["ORDERS_DATABASENAME"], environment["ORDERS_PORT"]));
    }

    [Fact]
    public async Task An_external_redis_is_probed_with_its_password()
    {
        await using var elsewhere = new TestApplication();
        var redis = elsewhere.Builder.AddRedis("redis");
        await elsewhere.Application.StartAsync();
        var given = await redis.Resource.ConnectionStringExpression.GetValueAsync(default) + ",connectTimeout=2000";
        await using var test = new TestApplication($"--ConnectionStrings:redis={given}", $"--ConnectionStrings:other=localhost:{redis.Resource.PrimaryEndpoint.Port},password=wrong");
        var mine = test.Builder.AddRedis("redis");
        test.Builder.AddRedis("other");
        test.Sleeper("waiter").WaitFor(mine);

        await test.Application.StartAsync().WaitAsync(Limit);

        Assert.Equal(given, await mine.Resource.ConnectionStringExpression.GetValueAsync(default));
        var other = await test.Notifications.WaitForResourceAsync("other", change => change.Snapshot.HealthReports is [{ Description: not null }]).WaitAsync(Limit);
        Assert.Contains("WRONGPASS", other.Snapshot.HealthReports[0].Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_external_bus_is_probed_and_waited_for()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        await using var test = new TestApplication($"--ConnectionStrings:bus=amqp://app:p%40ss@localhost:{port}/shop");
        var bus = test.Builder.AddRabbitMQ("bus").WithManagementPlugin();
        test.Sleeper("waiter").WaitFor(bus);
        var start = test.Application.StartAsync();

        using (var refused = await listener.AcceptTcpClientAsync().WaitAsync(Limit))
            await refused.GetStream().ReadExactlyAsync(new byte[8]);
        var waiting = await test.Notifications.WaitForResourceAsync("bus", change => change.Snapshot.HealthReports is [{ Description: not null }]).WaitAsync(Limit);
        Assert.Equal("connection closed", waiting.Snapshot.HealthReports[0].Description);
        using (var accepted = await listener.AcceptTcpClientAsync().WaitAsync(Limit))
        {
            await accepted.GetStream().ReadExactlyAsync(new byte[8]);
            await accepted.GetStream().WriteAsync(new byte[] { 1, 0, 0, 0, 0, 0, 4, 0, 10, 0, 10 });
        }
        await start.WaitAsync(Limit);

        Assert.Equal($"http://localhost:15672", bus.Resource.ManagementEndpoint.Url);
        Assert.Equal(new Dictionary<string, string?>
        {
            ["Host"] = "localhost", ["Port"] = $"{port}", ["Username"] = "app", ["Password"] = "p@ss", ["Uri"] = $"amqp://app:p%40ss@localhost:{port}/shop",
        }, await PropertiesAsync(bus.Resource));
    }

    [Theory]
    [InlineData("Host=db.example,other;Port=6000;User ID=app;Pwd='p;w';SSL Mode=Require", "db.example", "6000", "app", "p;w")]
    [InlineData("Server=my_db:7000;Username=app", "my_db", "7000", "app", "")]
    [InlineData("Host=::1;Username=app;Password=x", "[::1]", "5432", "app", "x")]
    public async Task The_parts_of_a_postgres_string_are_read(string given, string host, string port, string user, string password)
    {
        await using var test = new TestApplication($"--ConnectionStrings:db={given}");

        var properties = await PropertiesAsync(test.Builder.AddPostgres("db").Resource);

        Assert.Equal((host, port, user, password), (properties["Host"], properties["Port"], properties["Username"], properties["Password"]));
    }

    [Theory]
    [InlineData("cache.example", "cache.example", "6379", null, "redis://cache.example:6379")]
    [InlineData("cache.example:7000, other:7001,password=a=b,ssl=true", "cache.example", "7000", "a=b", "rediss://:a%3Db@cache.example:7000")]
    public async Task The_parts_of_a_redis_string_are_read(string given, string host, string port, string? password, string uri)
    {
        await using var test = new TestApplication($"--ConnectionStrings:cache={given}");

        var properties = await PropertiesAsync(test.Builder.AddRedis("cache").Resource);

        Assert.Equal((host, port, password, uri), (properties["Host"], properties["Port"], properties.GetValueOrDefault("Password"), properties["Uri"]));
    }

    [Theory]
    [InlineData("localhost:5432")]
    [InlineData("postgresql://app:secret-1@localhost/orders")]
    [InlineData("Port=5432;Password=secret-1")]
    [InlineData("Host=localhost;Port=many;Password=secret-1")]
    [InlineData("Host=/run/postgresql;Password=secret-1")]
    public async Task What_is_no_postgres_string_is_told_by_the_name_of_its_setting(string given) =>
        await AssertMalformedAsync(given, "a PostgreSQL connection string such as Host=db.example.com;Port=5432;Username=NAME;Password=PASSWORD", builder => builder.AddPostgres("server"));

    [Theory]
    [InlineData("password=secret-1")]
    [InlineData("redis://:secret-1@localhost:6379")]
    [InlineData("localhost:99999,password=secret-1")]
    public async Task What_is_no_redis_string_is_told_by_the_name_of_its_setting(string given) =>
        await AssertMalformedAsync(given, "a Redis connection string such as cache.example.com:6379,password=PASSWORD", builder => builder.AddRedis("server"));

    [Theory]
    [InlineData("localhost:5672")]
    [InlineData("http://app:secret-1@localhost:5672")]
    public async Task What_is_no_bus_string_is_told_by_the_name_of_its_setting(string given) =>
        await AssertMalformedAsync(given, "a RabbitMQ connection string such as amqp://NAME:PASSWORD@bus.example.com:5672", builder => builder.AddRabbitMQ("server"));

    private static async Task AssertMalformedAsync(string given, string form, Action<IDistributedApplicationBuilder> add)
    {
        await using var test = new TestApplication($"--ConnectionStrings:server={given}");

        var failure = Assert.Throws<DistributedApplicationException>(() => add(test.Builder));

        Assert.Equal($"The setting ConnectionStrings:server is not {form}; correct it, or remove it to have the server started here.", failure.Message);
        Assert.Null(failure.InnerException);
    }

    /// <summary>The connection string of a server that the other application starts.</summary>
    private static async Task<string> PostgresAsync(TestApplication elsewhere)
    {
        var server = elsewhere.Builder.AddPostgres("server");
        await elsewhere.Application.StartAsync();
        await elsewhere.Notifications.WaitForResourceHealthyAsync("server").WaitAsync(Limit);
        return (await server.Resource.ConnectionStringExpression.GetValueAsync(default))!;
    }

    private static async Task<Dictionary<string, string?>> PropertiesAsync(IResourceWithConnectionString resource)
    {
        var properties = new Dictionary<string, string?>();
        foreach (var (name, expression) in resource.GetConnectionProperties())
            properties[name] = await expression.GetValueAsync(default);
        return properties;
    }

    private static string Port(string connectionString) => Part(connectionString, "Port");

    private static string Part(string connectionString, string part) =>
        (string)new System.Data.Common.DbConnectionStringBuilder { ConnectionString = connectionString }[part];

    // The lock and the reservations of ports are held open.
    private static string Text(string file) => Path.GetFileName(file) == "lock" ? "" : File.ReadAllText(file);
}

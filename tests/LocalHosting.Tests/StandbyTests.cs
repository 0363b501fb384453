using Microsoft.Extensions.Diagnostics.HealthChecks;
using PhotoPlatform.AppHost.Postgres;

namespace PhotoPlatform.LocalHosting.Tests;

/// <summary>Standbys of PostgreSQL servers: resources of an AppHost's own, run by a script.</summary>
public sealed class StandbyTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    [Fact]
    public async Task Two_standbys_have_what_their_primary_writes_also_after_restarts()
    {
        await using var test = new TestApplication();
        var primary = test.Builder.AddPostgres("primary");
        var writing = primary.AddDatabase("orders").Resource;
        var reading = new[] { "first", "second" }.Select(name => primary.AddStandby(name).AddDatabase($"{name}-orders", "orders")).ToArray();
        test.Sleeper("waiter").WaitFor(primary).WaitFor(reading[0]).WaitFor(reading[1]);
        await test.Application.StartAsync().WaitAsync(Limit);

        await QueryAsync(writing, "CREATE TABLE t AS SELECT 1 AS a");
        foreach (var database in reading)
        {
            await ArrivesAsync(database.Resource, "SELECT a FROM t", "1");
            var (exitCode, answer) = await Database.TryQueryAsync(await StringAsync(database.Resource), "INSERT INTO t VALUES (2)");
            Assert.Equal((1, "ERROR:  cannot execute INSERT in a read-only transaction"), (exitCode, answer));
        }
        await RestartAsync(test, "primary");
        await RestartAsync(test, "first");
        // One that was away for too long: the primary has given up its slot, and with it the log that it would need.
        await ExecuteAsync(test, "second", KnownResourceCommands.StopCommand);
        await ArrivesAsync(writing, "SELECT pg_drop_replication_slot('second')", "");
        await QueryAsync(writing, "INSERT INTO t VALUES (2)");
        await ExecuteAsync(test, "second", KnownResourceCommands.StartCommand);
        await test.LogLineAsync("second", "the primary no longer keeps the log that its data lacks").WaitAsync(Limit);

        foreach (var database in reading)
        {
            await ArrivesAsync(database.Resource, "SELECT max(a) FROM t", "2");
            await test.Notifications.WaitForResourceAsync(database.Resource.Parent.Name, change => change.Snapshot.HealthReports is [{ Description: "streaming, 0 bytes behind" }]).WaitAsync(Limit);
        }
    }

    [Fact]
    public async Task A_standby_outlives_its_primary_and_becomes_one()
    {
        await using var test = new TestApplication();
        var primary = test.Builder.AddPostgres("primary");
        var old = primary.AddDatabase("orders").Resource;
        var standby = primary.AddStandby("standby").WithEnvironment("STANDBY_PATIENCE", "1");
        var promoted = standby.AddDatabase("standby-orders", "orders").Resource;
        test.Sleeper("waiter").WaitFor(primary).WaitFor(standby);
        await test.Application.StartAsync().WaitAsync(Limit);
        await QueryAsync(old, "CREATE TABLE t AS SELECT 1 AS a");
        await ArrivesAsync(promoted, "SELECT a FROM t", "1");

        await ExecuteAsync(test, "primary", KnownResourceCommands.StopCommand);
        await RestartAsync(test, "standby");
        Assert.Equal("1", await QueryAsync(promoted, "SELECT a FROM t"));
        await ExecuteAsync(test, "standby", "promote");
        await QueryAsync(promoted, "INSERT INTO t VALUES (2)");
        await RestartAsync(test, "standby");
        await QueryAsync(promoted, "INSERT INTO t VALUES (3)");
        Assert.False((await test.Application.ResourceCommands.ExecuteCommandAsync("standby", "promote")).Success);

        // The old primary comes back as another primary: neither follows the other.
        await ExecuteAsync(test, "primary", KnownResourceCommands.StartCommand);
        await ArrivesAsync(old, "SELECT max(a) FROM t", "1");
        Assert.Equal("3", await QueryAsync(promoted, "SELECT max(a) FROM t"));
    }

    [Fact]
    public async Task A_standby_is_gone_with_a_killed_AppHost_comes_back_and_clones_a_new_primary()
    {
        using var data = new TemporaryDirectory();
        await using (var killed = SampleAppHost.Start(data.Path, "standby"))
        {
            await killed.LineAsync("Sample is ready");
            await Database.QueryAsync(killed, "CREATE TABLE t AS SELECT 1 AS a");
            await killed.SignalAsync("KILL");
            await killed.ExitAsync();
            await Eventually.TrueAsync(() => killed.LivingChildren().Count == 0, Limit);
        }
        await using (var again = SampleAppHost.Start(data.Path, "standby"))
        {
            await again.LineAsync("Sample is ready");
            await ArrivesAsync(StandbyOf(again), "SELECT a FROM t", "1");
            Assert.Equal(0, await again.StopAsync());
            Assert.Empty(again.LivingChildren());
        }
        Directory.Delete(data.Combine("postgres"), recursive: true);

        await using var recreated = SampleAppHost.Start(data.Path, "standby", "--verbose");
        await recreated.LineAsync("is not of this primary");
        await recreated.LineAsync("Sample is ready");
        await Database.QueryAsync(recreated, "CREATE TABLE t AS SELECT 2 AS a");
        await ArrivesAsync(StandbyOf(recreated), "SELECT a FROM t", "2");
        Assert.Single(Directory.GetDirectories(data.Combine("standby"), "cluster-*"));
    }

    private static string StandbyOf(SampleAppHost host) =>
        $"Host=localhost;Port={host.Port("standby/tcp")};Username=postgres;Password={host.Secret("postgres-password")};Database=orders";

    private static async Task<string> StringAsync(IResourceWithConnectionString resource) => (await resource.ConnectionStringExpression.GetValueAsync(default))!;

    private static async Task<string> QueryAsync(IResourceWithConnectionString resource, string sql) => await Database.QueryAsync(await StringAsync(resource), sql);

    private static async Task ArrivesAsync(IResourceWithConnectionString resource, string sql, string expected) => await ArrivesAsync(await StringAsync(resource), sql, expected);

    /// <summary>Replication gives no signal at the other end.</summary>
    private static async Task ArrivesAsync(string connectionString, string sql, string expected)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        using var end = new CancellationTokenSource(Limit);
        while ((await Database.TryQueryAsync(connectionString, sql)).Output != expected)
            await timer.WaitForNextTickAsync(end.Token);
    }

    private static async Task ExecuteAsync(TestApplication test, string resource, string command)
    {
        var result = await test.Application.ResourceCommands.ExecuteCommandAsync(resource, command).WaitAsync(Limit);
        Assert.True(result.Success, result.ErrorMessage);
    }

    private static async Task RestartAsync(TestApplication test, string resource)
    {
        Assert.True(test.Notifications.TryGetCurrentState(resource, out var before));
        await ExecuteAsync(test, resource, KnownResourceCommands.RestartCommand);
        await test.Notifications.WaitForResourceAsync(resource, change =>
            change.Snapshot.StartTimeStamp > before.Snapshot.StartTimeStamp && change.Snapshot.HealthStatus == HealthStatus.Healthy).WaitAsync(Limit);
    }
}

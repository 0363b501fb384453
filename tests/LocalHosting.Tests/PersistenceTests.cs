using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace PhotoPlatform.LocalHosting.Tests;

/// <summary>What real servers keep from one run to the next.</summary>
public sealed class PersistenceTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Data_survives_a_kill_a_lost_password_and_a_restart()
    {
        using var data = new TemporaryDirectory();
        await using (var killed = SampleAppHost.Start(data.Path, "servers"))
        {
            await killed.LineAsync("is ready");
            await Database.QueryAsync(killed, "CREATE TABLE t AS SELECT 42 AS answer");
            await killed.SignalAsync("KILL");
            await killed.ExitAsync();
            await Eventually.TrueAsync(() => killed.LivingChildren().Count == 0, TimeSpan.FromSeconds(5));
        }
        File.Delete(data.Combine("secrets.json"));
        await using (var stopped = SampleAppHost.Start(data.Path, "servers", "--management"))
        {
            await stopped.LineAsync("is ready");
            Assert.Equal("42", await Database.QueryAsync(stopped, "SELECT answer FROM t"));
            using var management = Management(stopped);
            using var body = new StringContent("""{"durable":true}""", Encoding.UTF8, "application/json");
            using var created = await management.PutAsync("api/queues/%2F/kept", body);
            created.EnsureSuccessStatusCode();
            Assert.Equal(0, await stopped.StopAsync());
            Assert.Empty(stopped.LivingChildren());
        }

        await using var again = SampleAppHost.Start(data.Path, "servers", "--management");
        await again.LineAsync("is ready");

        using var managementAgain = Management(again);
        Assert.Contains("\"name\":\"kept\"", await managementAgain.GetStringAsync("api/queues"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redis_keeps_its_data_only_if_it_is_told_to()
    {
        await using var test = new TestApplication();
        var kept = test.Builder.AddRedis("kept").WithDataVolume();
        var empty = test.Builder.AddRedis("empty");
        test.Sleeper("waiter").WaitFor(kept).WaitFor(empty);
        await test.Application.StartAsync().WaitAsync(Limit);
        foreach (var redis in new[] { kept.Resource, empty.Resource })
            Assert.Equal("OK", await RedisAsync(redis, "SET", "key", "value"));

        foreach (var redis in new[] { kept.Resource, empty.Resource })
        {
            Assert.True(test.Notifications.TryGetCurrentState(redis.Name, out var before));
            await test.Application.ResourceCommands.ExecuteCommandAsync(redis, KnownResourceCommands.RestartCommand).WaitAsync(Limit);
            await test.Notifications.WaitForResourceAsync(redis.Name, change =>
                change.Snapshot.StartTimeStamp > before.Snapshot.StartTimeStamp && change.Snapshot.HealthStatus == HealthStatus.Healthy).WaitAsync(Limit);
        }

        Assert.Equal(("value", ""), (await RedisAsync(kept.Resource, "GET", "key"), await RedisAsync(empty.Resource, "GET", "key")));
    }

    private static async Task<string> RedisAsync(RedisResource redis, params string[] command)
    {
        var start = new ProcessStartInfo("redis-cli", ["-p", $"{redis.PrimaryEndpoint.Port}", .. command]) { RedirectStandardOutput = true };
        start.Environment["REDISCLI_AUTH"] = await redis.PasswordParameter!.GetValueAsync(default);
        using var cli = Process.Start(start)!;
        var output = await cli.StandardOutput.ReadToEndAsync();
        await cli.WaitForExitAsync();
        return output.Trim();
    }

    private static HttpClient Management(SampleAppHost host) => new()
    {
        BaseAddress = new Uri($"http://localhost:{host.Port("bus/management")}/"),
        DefaultRequestHeaders =
        {
            Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"guest:{host.Secret("bus-password")}"))),
        },
    };
}

using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;

namespace PhotoPlatform.LocalHosting.Tests;

/// <summary>PostgreSQL, Redis and RabbitMQ as real processes.</summary>
public sealed class ServerTests
{
    [Fact]
    public async Task Two_copies_run_side_by_side_and_leave_no_process()
    {
        using var data1 = new TemporaryDirectory();
        using var data2 = new TemporaryDirectory();
        await using var copy1 = SampleAppHost.Start(data1.Path, "servers");
        await using var copy2 = SampleAppHost.Start(data2.Path, "servers");
        await copy1.LineAsync("is ready");
        await copy2.LineAsync("is ready");
        Assert.Equal("1", await QueryAsync(copy1, "SELECT count(*) FROM pg_database WHERE datname = 'orders'"));
        Assert.Equal("1", await QueryAsync(copy2, "SELECT count(*) FROM pg_database WHERE datname = 'orders'"));

        var exitCodes = await Task.WhenAll(copy1.StopAsync(), copy2.StopAsync());
        Assert.Equal([0, 0], exitCodes);

        // Erlang's port mapper, which leaves its session, is among those that would be found.
        Assert.Empty(copy1.LivingChildren());
        Assert.Empty(copy2.LivingChildren());
    }

    [Fact]
    public async Task Data_survives_a_kill_and_a_restart_with_another_password()
    {
        using var data = new TemporaryDirectory();
        await using (var host = SampleAppHost.Start(data.Path, "servers"))
        {
            await host.LineAsync("is ready");
            await QueryAsync(host, "CREATE TABLE t AS SELECT 42 AS answer");
            using var management = Management(host);
            using var body = new StringContent("""{"durable":true}""", Encoding.UTF8, "application/json");
            using var created = await management.PutAsync("api/queues/%2F/kept", body);
            created.EnsureSuccessStatusCode();
            await host.SignalAsync("KILL");
            await host.ExitAsync();
            await Eventually.TrueAsync(() => host.LivingChildren().Count == 0, TimeSpan.FromSeconds(5));
        }
        File.Delete(data.Combine("secrets.json"));

        await using var again = SampleAppHost.Start(data.Path, "servers");
        await again.LineAsync("is ready");

        Assert.Equal("42", await QueryAsync(again, "SELECT answer FROM t"));
        using var managementAgain = Management(again);
        Assert.Contains("\"name\":\"kept\"", await managementAgain.GetStringAsync("api/queues"), StringComparison.Ordinal);
        Assert.Equal(0, await again.StopAsync());
    }

    private static async Task<string> QueryAsync(SampleAppHost host, string sql)
    {
        var start = new ProcessStartInfo("psql", ["-XqtA", "-h", "localhost", "-p", $"{host.Port("postgres/tcp")}", "-U", "postgres", "-d", "orders", "-c", sql])
        {
            RedirectStandardOutput = true,
        };
        start.Environment["PGPASSWORD"] = host.Secret("postgres-password");
        using var psql = Process.Start(start)!;
        var output = await psql.StandardOutput.ReadToEndAsync();
        await psql.WaitForExitAsync();
        Assert.Equal(0, psql.ExitCode);
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

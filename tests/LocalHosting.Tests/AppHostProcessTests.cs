using System.Net;
using System.Net.Sockets;

namespace PhotoPlatform.LocalHosting.Tests;

/// <summary>What a person at the terminal sees.</summary>
public sealed class AppHostProcessTests
{
    [Fact]
    public async Task One_line_says_that_everything_is_ready_and_where()
    {
        using var data = new TemporaryDirectory();
        await using var host = SampleAppHost.Start(data.Path, "services");

        var line = await host.LineAsync("is ready");

        Assert.Equal($"Sample is ready: http://localhost:{host.Port("outer/http")} - dashboard {host.Run.GetProperty("dashboard").GetString()}", line);
        Assert.Equal(0, await host.StopAsync());
        Assert.Empty(host.LivingChildren());
        Assert.False(File.Exists(data.Combine("run.json")));
    }

    [Fact]
    public async Task A_second_start_keeps_the_ports()
    {
        using var data = new TemporaryDirectory();
        var ports = new List<int>();
        for (var i = 0; i < 2; i++)
        {
            await using var host = SampleAppHost.Start(data.Path, "services");
            await host.LineAsync("is ready");
            ports.Add(host.Port("inner/http"));
        }
        Assert.Equal(ports[0], ports[1]);
        Assert.InRange(ports[0], 20_000, 29_999);
    }

    [Fact]
    public async Task A_failed_migration_ends_the_AppHost_with_its_reason_and_its_log()
    {
        using var data = new TemporaryDirectory();
        await using var host = SampleAppHost.Start(data.Path, "failing-migration");

        Assert.Equal(1, await host.ExitAsync());
        Assert.Contains("api cannot start: migration, whose completion it waits for, ended with exit code 3.", host.Output, StringComparison.Ordinal);
        Assert.Contains("    ending with 3", host.Output, StringComparison.Ordinal);
        Assert.Empty(host.LivingChildren());
    }

    [Fact]
    public async Task A_missing_program_is_named()
    {
        using var data = new TemporaryDirectory();
        await using var host = SampleAppHost.Start(data.Path, "missing-program");

        Assert.Equal(1, await host.ExitAsync());
        Assert.Contains("tool failed to start: the program 'no-such-program' was not found", host.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_taken_port_is_told_with_the_process_that_has_it()
    {
        using var data = new TemporaryDirectory();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        await using var host = SampleAppHost.Start(data.Path, "fixed-port", "--port", $"{port}");

        Assert.Equal(1, await host.ExitAsync());
        Assert.Contains($"api: port {port} of endpoint 'http' is taken by process {Environment.ProcessId} ", host.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_taken_dashboard_port_is_told()
    {
        using var data = new TemporaryDirectory();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        await using var host = SampleAppHost.Start(data.Path, "services", "--dashboard-port", $"{port}");

        Assert.Equal(1, await host.ExitAsync());
        Assert.Contains($"dashboard: port {port} is taken", host.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_data_directory_belongs_to_one_AppHost_at_a_time()
    {
        using var data = new TemporaryDirectory();
        await using var first = SampleAppHost.Start(data.Path, "services");
        await first.LineAsync("is ready");
        await using var second = SampleAppHost.Start(data.Path, "services");

        Assert.Equal(1, await second.ExitAsync());
        Assert.Contains($"Another AppHost (process {first.Pid}) uses the data directory {data.Path}", second.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_request_to_stop_kills_what_does_not_stop()
    {
        using var data = new TemporaryDirectory();
        await using var host = SampleAppHost.Start(data.Path, "stubborn", "--verbose");
        await host.LineAsync("ready to stay");

        // Again and again, because two requests within a second count as one.
        var exit = host.ExitAsync();
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (!exit.IsCompleted)
        {
            await host.SignalAsync("INT");
            await pause.WaitForNextTickAsync();
        }
        Assert.Equal(0, await exit);
        Assert.Contains("tool!] killed at the second request to stop", host.Output, StringComparison.Ordinal);
        Assert.Empty(host.LivingChildren());
    }

    [Fact]
    public async Task A_killed_AppHost_takes_its_children_with_it()
    {
        using var data = new TemporaryDirectory();
        await using var host = SampleAppHost.Start(data.Path, "services");
        await host.LineAsync("is ready");
        var children = host.LivingChildren();
        Assert.NotEmpty(children);

        await host.SignalAsync("KILL");
        await host.ExitAsync();

        await Eventually.TrueAsync(() => host.LivingChildren().Count == 0, TimeSpan.FromSeconds(5));
    }
}

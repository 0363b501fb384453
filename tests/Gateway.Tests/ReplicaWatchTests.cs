using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using PhotoPlatform.Testing;
using Yarp.ReverseProxy.Model;

namespace PhotoPlatform.Gateway.Tests;

/// <summary>A gateway that is told at run time who the replicas are.</summary>
public sealed class ReplicaWatchTests(RunningGateway running) : IClassFixture<RunningGateway>, IAsyncLifetime
{
    private ControlServer? _control;
    private EchoServer? _first;
    private EchoServer? _second;

    private ControlServer Control => _control!;

    private EchoServer First => _first!;

    private EchoServer Second => _second!;

    public async ValueTask InitializeAsync() => (_control, _first, _second) = (await ControlServer.StartAsync(), await EchoServer.StartAsync(), await EchoServer.StartAsync());

    public async ValueTask DisposeAsync()
    {
        await Control.DisposeAsync();
        await First.DisposeAsync();
        await Second.DisposeAsync();
    }

    [Fact]
    public async Task Requests_go_to_the_replicas_that_there_are_and_to_the_configured_address_when_there_is_none()
    {
        Control.Set("media", First.Address);
        await using var gateway = await FollowingGateway.StartAsync(running, Control);
        await gateway.KnowsAsync(First.Address);
        Assert.Equal(PortOf(First), await gateway.PortAsync());

        await gateway.SetAsync(First.Address, Second.Address);
        await Eventually.GetAsync(gateway.PortAsync, port => port == PortOf(Second));
        await Eventually.GetAsync(gateway.PortAsync, port => port == PortOf(First));

        var staying = gateway.Replica(Second.Address);
        await gateway.SetAsync(Second.Address);
        Assert.Same(staying, gateway.Replica(Second.Address));
        for (var i = 0; i < 20; i++)
            Assert.Equal(PortOf(Second), await gateway.PortAsync());

        Control.Set("media");
        await gateway.KnowsAsync(running.EchoAddress);
        Assert.Equal(new Uri(running.EchoAddress).Port, await gateway.PortAsync());
        // A list is in use a moment before it is logged.
        var lines = await Eventually.GetAsync(() => Task.FromResult(gateway.Lines("media")), lines => lines.Count >= 4);
        Assert.Equal(
            [$"Replicas of media: 1; its requests go to {First.Address}", $"Replicas of media: 2; its requests go to {First.Address}, {Second.Address}",
             $"Replicas of media: 1; its requests go to {Second.Address}", $"Replicas of media: 0; its requests go to {running.EchoAddress}"],
            lines.Select(line => line.Message));
    }

    [Fact]
    public async Task The_first_request_does_not_wait_for_a_control_address_that_does_not_answer()
    {
        Control.Instead = context => Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        await using var gateway = await FollowingGateway.StartAsync(running, Control);
        Assert.Equal(new Uri(running.EchoAddress).Port, await gateway.PortAsync());
    }

    [Fact]
    public async Task A_request_that_a_leaving_replica_works_on_ends_there()
    {
        await using var gateway = await FollowingGateway.StartAsync(running, Control);
        await gateway.SetAsync(First.Address);
        var leaving = gateway.Replica(First.Address);
        using var content = new SlowContent();
        var upload = gateway.UploadAsync(content);
        await Eventually.GetAsync(() => Task.FromResult(leaving.ConcurrentRequestCount), count => count == 1);

        await gateway.SetAsync(Second.Address);
        Assert.Equal(PortOf(Second), await gateway.PortAsync());
        content.SendRest();
        var echo = await upload;
        Assert.Equal((PortOf(First), SlowContent.Bytes), (echo.Port, echo.Bytes));
    }

    [Fact]
    public async Task A_new_replica_gets_requests_when_its_probe_is_good()
    {
        await using var gateway = await FollowingGateway.StartAsync(running, Control);
        await gateway.SetAsync(First.Address);
        await Eventually.GetAsync(() => Task.FromResult(gateway.Replica(First.Address).Health.Active), health => health == DestinationHealth.Healthy);

        Second.IsStopping = true;
        await gateway.SetAsync(First.Address, Second.Address);
        // The second probe has begun after the first one was answered, and the answer counts by then.
        while (Second.Probes < 2)
            Assert.Equal(PortOf(First), await gateway.PortAsync());
        Second.IsStopping = false;
        await Eventually.GetAsync(gateway.PortAsync, port => port == PortOf(Second));
    }

    [Fact]
    public async Task A_new_replica_that_does_not_listen_yet_costs_no_request_not_even_an_upload()
    {
        // Without probes both count alike, and requests find out.
        await using var gateway = await FollowingGateway.StartAsync(running, Control, null, ("ReverseProxy:Clusters:media:HealthCheck:Active:Enabled", "false"));
        await gateway.SetAsync(First.Address, RunningGateway.Nobody);
        for (var i = 0; i < 10 || !gateway.Gateway.Logs.All.Any(line => line.Message.Contains("the request goes to another replica", StringComparison.Ordinal)); i++)
        {
            using var content = new ByteArrayContent(new byte[200_000]);
            var echo = await gateway.UploadAsync(content);
            Assert.Equal((PortOf(First), 200_000), (echo.Port, echo.Bytes));
        }
    }

    [Fact]
    public async Task While_no_replica_listens_requests_and_session_lookups_go_to_the_configured_address()
    {
        var (user, token) = await running.SomebodyAsync();
        Control.Set("users", RunningGateway.Nobody);
        await using var gateway = await FollowingGateway.StartAsync(running, Control, token, ("ConnectionStrings:redis", RunningGateway.NoRedis));
        await gateway.SetAsync(RunningGateway.Nobody);
        await Eventually.GetAsync(() => Task.FromResult(gateway.Lines("users").Count), lines => lines == 1);
        for (var i = 0; i < 5; i++)
        {
            Assert.Contains(user.ToString(), await gateway.Client.GetStringAsync(new Uri("/api/users/me", UriKind.Relative)), StringComparison.Ordinal);
            using var content = new ByteArrayContent(new byte[1000]);
            Assert.Equal(new Uri(running.EchoAddress).Port, (await gateway.UploadAsync(content)).Port);
        }
    }

    [Fact]
    public async Task The_api_description_comes_from_the_replicas_that_there_are()
    {
        await using var replica = await DocumentServer.StartAsync("""{ "openapi": "3.1.1", "paths": { "/api/photos/new": { "get": {} } } }""");
        await using var gateway = await FollowingGateway.StartAsync(running, Control);
        await gateway.SetAsync(RunningGateway.Nobody, replica.Address);
        var description = await gateway.Client.GetStringAsync(new Uri("/api/openapi.json", UriKind.Relative));
        Assert.Contains("/api/photos/new", description, StringComparison.Ordinal);
        Assert.Equal(1, replica.Asked);
    }

    [Fact]
    public async Task When_the_connection_breaks_the_last_known_replicas_stay_until_it_is_back()
    {
        await using var gateway = await FollowingGateway.StartAsync(running, Control);
        await gateway.SetAsync(First.Address);
        Control.Instead = context =>
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        };
        Control.Break();
        await Eventually.GetAsync(() => Task.FromResult(gateway.Lines("media")[^1].Level), level => level == LogLevel.Warning);
        // Whatever is wrong for however long, it is said once.
        for (var i = 0; i < 10; i++)
            await gateway.AsksAgainAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(PortOf(First), await gateway.PortAsync());

        Control.Instead = null;
        Control.Set("media", Second.Address);
        await gateway.AsksAgainAsync(TimeSpan.FromSeconds(10));
        await gateway.KnowsAsync(Second.Address);
        Assert.Equal(PortOf(Second), await gateway.PortAsync());
        Assert.Single(gateway.Lines("media"), line => line.Level == LogLevel.Warning);
    }

    [Theory]
    [InlineData("data: <html>\n\n", "not a list of addresses in JSON")]
    [InlineData("data: {\"addresses\":[\"https://127.0.0.1:1\"]}\n\n", "not of the form http://HOST:PORT")]
    [InlineData("x", "a line is longer than 65536 bytes")]
    public async Task What_no_control_address_would_say_is_refused_and_changes_nothing(string text, string reason)
    {
        await using var gateway = await FollowingGateway.StartAsync(running, Control);
        await gateway.SetAsync(First.Address);
        Control.Say("media", text == "x" ? new string('x', 70_000) : text);
        var refused = await Eventually.GetAsync(() => Task.FromResult(gateway.Lines("media")[^1]), line => line.Level == LogLevel.Warning);
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.Equal(PortOf(First), await gateway.PortAsync());

        Control.Set("media", Second.Address);
        await gateway.AsksAgainAsync(TimeSpan.FromSeconds(1));
        await gateway.KnowsAsync(Second.Address);
    }

    [Theory]
    [InlineData(200, "text/html", "it answers with text/html, not with events")]
    [InlineData(500, "text/event-stream", "500")]
    [InlineData(307, "text/event-stream", "307")]
    public async Task An_answer_that_is_not_a_control_address_is_refused(int status, string contentType, string reason)
    {
        Control.Instead = context =>
        {
            (context.Response.StatusCode, context.Response.ContentType, context.Response.Headers.Location) = (status, contentType, "/");
            return context.Response.WriteAsync($"data: {{\"addresses\":[\"{First.Address}\"]}}\n\n");
        };
        await using var gateway = await FollowingGateway.StartAsync(running, Control);
        await gateway.AsksAgainAsync(TimeSpan.FromSeconds(1));
        var line = await Eventually.GetAsync(() => Task.FromResult(gateway.Lines("media")), lines => lines.Count > 0);
        Assert.Contains(reason, Assert.Single(line).Message, StringComparison.Ordinal);
        Assert.Equal(new Uri(running.EchoAddress).Port, await gateway.PortAsync());
    }

    [Fact]
    public async Task A_control_address_that_falls_silent_is_asked_anew()
    {
        await using var gateway = await FollowingGateway.StartAsync(running, Control);
        await gateway.SetAsync(First.Address);
        await gateway.AsksAgainAsync(TimeSpan.FromSeconds(45));
        await Eventually.GetAsync(() => Task.FromResult(gateway.Lines("media")), lines => lines.Any(line => line.Message.Contains("nothing came for 45 s", StringComparison.Ordinal)));
        Assert.Equal(PortOf(First), await gateway.PortAsync());
    }

    [Fact]
    public async Task A_gateway_that_stops_leaves_at_once_whatever_it_is_working_on()
    {
        var gateway = await FollowingGateway.StartAsync(running, Control, null, ("Shutdown:Drain", "00:00:07"));
        await Eventually.GetAsync(() => Task.FromResult(Control.Open), open => open == 3);
        var stopping = gateway.DisposeAsync().AsTask();
        await Eventually.GetAsync(() => Task.FromResult(Control.Open), open => open == 0);
        Assert.False(stopping.IsCompleted);
        gateway.Clock.Advance(TimeSpan.FromSeconds(7));
        await stopping;
        Assert.DoesNotContain(gateway.Gateway.Logs.All, line => line.Level >= LogLevel.Error);
    }

    [Fact]
    public async Task A_setting_that_is_no_address_stops_the_start()
    {
        var exception = await Assert.ThrowsAsync<InvalidOperationException>(() => running.StartAsync(("APPHOST_CONTROL_URL", "localhost")));
        Assert.StartsWith("The setting 'APPHOST_CONTROL_URL' is 'localhost'", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Under_load_no_request_fails_while_replicas_come_and_go()
    {
        await using var third = await EchoServer.StartAsync();
        string[] all = [First.Address, Second.Address, third.Address];
        int[][] lists = [[0, 1], [1], [1, 2], [0, 1, 2], [2], [0, 2], [0], [0, 1, 2], [0, 1], [2]];
        Control.Set("media", First.Address);
        await using var gateway = await FollowingGateway.StartAsync(running, Control);
        using var over = new CancellationTokenSource();
        var ports = new ConcurrentQueue<int>();
        var load = Enumerable.Range(0, 8).Select(async worker =>
        {
            while (!over.IsCancellationRequested)
            {
                using var content = new ByteArrayContent(new byte[20_000]);
                ports.Enqueue(worker % 2 == 0 ? await gateway.PortAsync() : (await gateway.UploadAsync(content)).Port);
            }
        }).ToArray();
        foreach (var list in lists.Concat(lists))
        {
            await gateway.SetAsync([.. list.Select(i => all[i])]);
            var answered = ports.Count;
            await Eventually.GetAsync(() => Task.FromResult(ports.Count), count => count >= answered + 50 || load.Any(worker => worker.IsCompleted));
        }
        await over.CancelAsync();
        await Task.WhenAll(load);
        Assert.Superset(all.Select(address => new Uri(address).Port).ToHashSet(), ports.ToHashSet());
    }

    private static int PortOf(EchoServer server) => new Uri(server.Address).Port;

    /// <summary>A body of which the second half is sent when the test says so.</summary>
    private sealed class SlowContent : HttpContent
    {
        internal const int Bytes = 2000;
        private readonly TaskCompletionSource _rest = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal void SendRest() => _rest.SetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(new byte[Bytes / 2]);
            await stream.FlushAsync();
            await _rest.Task;
            await stream.WriteAsync(new byte[Bytes / 2]);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = Bytes;
            return true;
        }
    }
}

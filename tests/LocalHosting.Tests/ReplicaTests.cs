using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace PhotoPlatform.LocalHosting.Tests;

/// <summary>Several processes of one resource.</summary>
public sealed class ReplicaTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Each_replica_has_a_port_a_process_and_an_instance_id_of_its_own_and_a_reference_hands_on_the_one_address_before_them()
    {
        await using var test = new TestApplication();
        var twice = test.WebService("twice").WithEndpoint(name: "admin", scheme: "http", env: "ADMIN_PORT").WithReplicas(2);
        var caller = test.WebService("caller").WithReference(twice).WaitFor(twice);

        await StartAsync(test, "caller");

        Uri[] addresses = [Address(test, "twice-1"), Address(test, "twice-2")];
        var environment = await TestApplication.GetAsync<Dictionary<string, string>>(caller, "/environment");
        var front = twice.GetEndpoint("http").Url;
        Assert.Equal((front, front), (environment["services__twice__http__0"], environment["TWICE_HTTP"]));
        Assert.DoesNotContain("services__twice__http__1", environment.Keys);
        Assert.Equal(3, addresses.Append(new Uri(front)).Distinct().Count());

        var processes = new List<Dictionary<string, string>>();
        foreach (var address in addresses)
            processes.Add(await GetAsync<Dictionary<string, string>>(address, "/environment"));
        Assert.All(processes, process => Assert.Equal("twice", process["OTEL_SERVICE_NAME"]));
        Assert.Equal(2, processes.Select(process => process["OTEL_RESOURCE_ATTRIBUTES"]).Distinct().Count());
        Assert.Equal(3, processes.Select(process => process["ADMIN_PORT"]).Append($"{twice.GetEndpoint("admin").Port}").Distinct().Count());
        Assert.NotEqual(await GetAsync<int>(addresses[0], "/pid"), await GetAsync<int>(addresses[1], "/pid"));
    }

    [Fact]
    public async Task A_replica_that_crashes_starts_again_on_its_port_and_the_others_go_on()
    {
        await using var test = new TestApplication();
        test.WebService("twice").WithReplicas(2);
        await StartAsync(test, "twice");
        Uri[] addresses = [Address(test, "twice-1"), Address(test, "twice-2")];
        int[] before = [await GetAsync<int>(addresses[0], "/pid"), await GetAsync<int>(addresses[1], "/pid")];
        var degraded = test.Notifications.WaitForResourceAsync("twice", change => change.Snapshot.HealthStatus == HealthStatus.Degraded);

        using var kill = System.Diagnostics.Process.Start("kill", ["-9", before[0].ToString(CultureInfo.InvariantCulture)]);
        var partly = await degraded.WaitAsync(Limit);
        await test.Notifications.WaitForResourceHealthyAsync("twice").WaitAsync(Limit);

        Assert.Equal(KnownResourceStates.Running, partly.Snapshot.State?.Text);
        Assert.Contains(partly.Snapshot.HealthReports, report => report is { Name: "twice-1", Description: "twice-1: restarting" });
        Assert.NotEqual(before[0], await GetAsync<int>(addresses[0], "/pid"));
        Assert.Equal(before[1], await GetAsync<int>(addresses[1], "/pid"));
        Assert.Equal(1, Restarts(test, "twice-1"));
        Assert.Equal((0, 1), (Restarts(test, "twice-2"), Restarts(test, "twice")));
    }

    [Fact]
    public async Task Commands_are_for_one_replica_or_for_all_and_a_restart_of_all_goes_in_turn()
    {
        await using var test = new TestApplication();
        test.WebService("twice").WithReplicas(2);
        await StartAsync(test, "twice");

        await CommandAsync(test, "twice-2", KnownResourceCommands.StopCommand);
        Assert.Equal(("Running", "Running", "Finished"), (State(test, "twice"), State(test, "twice-1"), State(test, "twice-2")));
        await CommandAsync(test, "twice", KnownResourceCommands.StartCommand);
        await test.Notifications.WaitForResourceHealthyAsync("twice").WaitAsync(Limit);

        var running = new ConcurrentQueue<bool>();
        using var end = new CancellationTokenSource();
        var watching = Task.Run(async () =>
        {
            await foreach (var change in test.Notifications.WatchAsync(end.Token))
            {
                if (change.Resource.Name == "twice")
                    running.Enqueue(change.Snapshot.State?.Text == KnownResourceStates.Running && change.Snapshot.HealthStatus != HealthStatus.Unhealthy);
            }
        });
        var pids = new[] { Pid(test, "twice-1"), Pid(test, "twice-2") };
        await CommandAsync(test, "twice", KnownResourceCommands.RestartCommand);
        await test.Notifications.WaitForResourceHealthyAsync("twice").WaitAsync(Limit);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => watching);
        Assert.DoesNotContain(false, running);
        Assert.Empty(pids.Intersect([Pid(test, "twice-1"), Pid(test, "twice-2")]));

        await CommandAsync(test, "twice", KnownResourceCommands.StopCommand);
        Assert.Equal(("Finished", "Finished", "Finished"), (State(test, "twice"), State(test, "twice-1"), State(test, "twice-2")));
        Assert.False((await test.Application.ResourceCommands.ExecuteCommandAsync("twice", KnownResourceCommands.StopCommand)).Success);
    }

    [Fact]
    public async Task Whoever_waits_for_a_resource_waits_for_all_its_replicas_and_stops_before_them()
    {
        await using var test = new TestApplication();
        var events = new ConcurrentQueue<string>();
        var readies = 0;
        var twice = test.WebService("twice").WithReplicas(2)
            .OnResourceReady((_, _, _) => Task.FromResult(Interlocked.Increment(ref readies)))
            .OnResourceStopped((_, stopped, _) => Note(stopped.ResourceEvent.ResourceId));
        test.Sleeper("outer").WaitFor(twice).WithArgs(_ => Note($"{State(test, "twice-1")} {State(test, "twice-2")} {readies}")).OnResourceStopped((outer, _, _) => Note(outer.Name));

        await test.Application.StartAsync().WaitAsync(Limit);
        await test.Application.StopAsync();

        Assert.Equal(["Running Running 1", "outer"], events.Take(2));
        Assert.Equal(["twice-1", "twice-2"], events.Skip(2).Order());

        Task Note(string what)
        {
            events.Enqueue(what);
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task What_replicas_cannot_have_is_refused_in_a_sentence()
    {
        await RefusedAsync("Endpoint 'http' of resource 'one' makes its program listen on port 8123, which replicas cannot share; give it a port only, or leave out WithReplicas.",
            test => test.Service("one").WithHttpEndpoint(targetPort: 8123).WithReplicas(1));
        await RefusedAsync("Endpoint 'http' of resource 'twice' has no proxy; give it a port only, or leave out WithReplicas.",
            test => test.Service("twice").WithHttpEndpoint(port: 8123, isProxied: false).WithReplicas(2));
        await RefusedAsync("Endpoint 'udp' of resource 'twice' speaks Udp, for which there is no proxy; give it a port only, or leave out WithReplicas.",
            test => test.Service("twice").WithEndpoint(protocol: System.Net.Sockets.ProtocolType.Udp).WithReplicas(2));
        await RefusedAsync("A replica of 'twice' would be named 'twice-1', as another resource is; rename one of them.", test =>
        {
            test.Service("twice").WithReplicas(2);
            test.Sleeper("twice-1");
        });
        await using var test = new TestApplication();
        foreach (var count in new[] { 0, -1, 101 })
            Assert.Equal($"Resource 'x{count + 1}' asks for {count} replicas; there can be 1 to 100.", Assert.Throws<DistributedApplicationException>(() => test.Service($"x{count + 1}").WithReplicas(count)).Message);
    }

    [Fact]
    public async Task The_dashboard_and_the_run_file_show_each_replica()
    {
        using var data = new TemporaryDirectory();
        await using var host = SampleAppHost.Start(data.Path, "replicas");
        await host.LineAsync("is ready");
        using var client = new HttpClient { BaseAddress = new Uri(host.Run.GetProperty("dashboard").GetString()!) };

        var resources = (await client.GetFromJsonAsync<JsonElement>("/api/resources")).GetProperty("resources").EnumerateArray().ToDictionary(resource => resource.GetProperty("name").GetString()!);
        Assert.Equal(["twice", "twice-1", "twice-2", "caller"], resources.Keys);
        Assert.Equal((2, JsonValueKind.Null), (resources["twice"].GetProperty("replicas").GetInt32(), resources["twice"].GetProperty("pid").ValueKind));
        foreach (var name in new[] { "twice-1", "twice-2" })
        {
            var replica = resources[name];
            Assert.Equal(("twice", "Running", "Healthy"), (replica.GetProperty("parent").GetString(), replica.GetProperty("state").GetString(), replica.GetProperty("health").GetString()));
            Assert.Equal($"http://localhost:{host.Port($"{name}/http")}", replica.GetProperty("urls")[0].GetProperty("url").GetString());
            var process = Assert.Single(host.Run.GetProperty("processes").EnumerateArray(), process => process.GetProperty("resource").GetString() == name);
            Assert.Equal(replica.GetProperty("pid").GetInt32(), process.GetProperty("pid").GetInt32());
            Assert.Contains($"[{name}] ready in", host.Output, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("no-replicas", "Resource 'api' asks for 0 replicas; there can be 1 to 100.")]
    [InlineData("bad-name", "Resource name 'my api' is not valid: 1-64 ASCII letters, digits and single hyphens, starting with a letter and not ending with a hyphen.")]
    public async Task What_Program_cs_got_wrong_is_one_sentence_and_a_failed_start(string topology, string sentence)
    {
        using var data = new TemporaryDirectory();
        await using var host = SampleAppHost.Start(data.Path, topology);

        Assert.Equal(1, await host.ExitAsync());
        Assert.Equal(sentence, host.Output);
    }

    private static async Task StartAsync(TestApplication test, string resource)
    {
        await test.Application.StartAsync().WaitAsync(Limit);
        await test.Notifications.WaitForResourceHealthyAsync(resource).WaitAsync(Limit);
    }

    private static async Task RefusedAsync(string sentence, Action<TestApplication> build)
    {
        await using var test = new TestApplication();
        build(test);
        var failure = await Assert.ThrowsAnyAsync<DistributedApplicationException>(() => test.Application.StartAsync().WaitAsync(Limit));
        Assert.Equal(sentence, failure.Message);
    }

    private static async Task CommandAsync(TestApplication test, string resource, string command) =>
        Assert.Null((await test.Application.ResourceCommands.ExecuteCommandAsync(resource, command).WaitAsync(Limit)).ErrorMessage);

    private static CustomResourceSnapshot Snapshot(TestApplication test, string resource) =>
        test.Notifications.TryGetCurrentState(resource, out var state) ? state.Snapshot : throw new InvalidOperationException($"There is no {resource}.");

    private static string? State(TestApplication test, string resource) => Snapshot(test, resource).State?.Text;

    private static object? Pid(TestApplication test, string resource) => Snapshot(test, resource).Properties.Single(property => property.Name == "executable.pid").Value;

    private static int Restarts(TestApplication test, string resource) => Snapshot(test, resource).Properties.SingleOrDefault(property => property.Name == "restarts")?.Value as int? ?? 0;

    private static Uri Address(TestApplication test, string replica) => new(Snapshot(test, replica).Urls.First(url => url.Name == "http").Url);

    private static async Task<T> GetAsync<T>(Uri address, string path)
    {
        using var client = new HttpClient();
        return (await client.GetFromJsonAsync<T>(new Uri(address, path)))!;
    }
}

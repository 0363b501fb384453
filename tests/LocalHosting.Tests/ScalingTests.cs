using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace PhotoPlatform.LocalHosting.Tests;

/// <summary>How many replicas there are, changed while the application runs.</summary>
public sealed class ScalingTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Replicas_come_and_go_with_everything_they_have_and_keep_their_names_and_ports()
    {
        await using var test = new TestApplication();
        test.WebService("service").WithReplicas(1);
        await test.StartAsync("service");
        Assert.Equal(["service", "service-1"], await NamesAsync(test));

        await test.ScaleAsync("service", 3).WaitAsync(Limit);
        Assert.Equal(["service", "service-1", "service-2", "service-3"], await NamesAsync(test));
        Assert.Equal(["service-1", "service-2", "service-3"], Processes(test));
        await test.Notifications.WaitForResourceHealthyAsync("service").WaitAsync(Limit);
        var port = Port(test, "service-3");
        var survivor = await PidAsync(test, "service-1");

        await test.ScaleAsync("service", 1).WaitAsync(Limit);
        Assert.Equal(["service", "service-1"], await NamesAsync(test));
        Assert.Equal(["service-1"], Processes(test));
        Assert.Null(Port(test, "service-3"));
        Assert.False(test.Notifications.TryGetCurrentState("service-3", out _));
        await test.Notifications.WaitForResourceHealthyAsync("service").WaitAsync(Limit);
        Assert.Equal(survivor, await PidAsync(test, "service-1"));

        await test.ScaleAsync("service", 3).WaitAsync(Limit);
        Assert.Equal(port, Port(test, "service-3"));
    }

    [Fact]
    public async Task Scaled_to_nothing_a_resource_is_not_started_and_whoever_waits_for_it_goes_on_waiting()
    {
        await using var test = new TestApplication();
        var service = test.WebService("service").WithReplicas(2);
        test.Sleeper("later").WithExplicitStart().WaitFor(service);
        await test.StartAsync("service");

        await test.ScaleAsync("service", 0).WaitAsync(Limit);
        Assert.True(test.Notifications.TryGetCurrentState("service", out var nothing));
        Assert.Equal((KnownResourceStates.NotStarted, null), (nothing.Snapshot.State?.Text, nothing.Snapshot.HealthStatus));
        Assert.False((await CommandAsync(test, "service", KnownResourceCommands.StartCommand)).Success);
        Assert.True((await CommandAsync(test, "later", KnownResourceCommands.StartCommand)).Success);
        await test.Notifications.WaitForResourceAsync("later", change => change.Snapshot.Properties.Any(property => property is { Name: "waiting-for", Value: "service: not started" })).WaitAsync(Limit);

        await test.ScaleAsync("service", 1).WaitAsync(Limit);
        await test.Notifications.WaitForResourceAsync("later").WaitAsync(Limit);
        Assert.NotEqual(0, await TestApplication.GetAsync<int>(service, "/pid"));
    }

    [Fact]
    public async Task Commands_add_and_remove_one()
    {
        await using var test = new TestApplication();
        test.WebService("service").WithReplicas(1);
        await test.StartAsync("service");

        Assert.True((await CommandAsync(test, "service", "scale-up")).Success);
        Assert.Equal(["service-1", "service-2"], Processes(test));
        Assert.True((await CommandAsync(test, "service", "scale-down")).Success);
        Assert.True((await CommandAsync(test, "service", "scale-down")).Success);
        Assert.Empty(Processes(test));
        Assert.False((await CommandAsync(test, "service", "scale-down")).Success);
    }

    [Fact]
    public async Task Changes_at_the_same_time_come_one_after_the_other()
    {
        await using var test = new TestApplication();
        test.WebService("service").WithReplicas(1);
        await test.StartAsync("service");

        await Task.WhenAll(new[] { 3, 0, 4, 1, 2 }.Select(replicas => test.ScaleAsync("service", replicas))).WaitAsync(Limit);
        await test.ScaleAsync("service", 2).WaitAsync(Limit);

        Assert.Equal(["service-1", "service-2"], Processes(test));
        await test.Notifications.WaitForResourceHealthyAsync("service").WaitAsync(Limit);
    }

    [Fact]
    public async Task What_cannot_be_scaled_is_refused_in_a_sentence()
    {
        await using var test = new TestApplication();
        test.WebService("one");
        test.WebService("twice").WithReplicas(2);
        test.Sleeper("twice-3");
        await test.StartAsync("twice");

        Assert.Equal((HttpStatusCode.NotFound, "There is no resource 'nobody'."), await test.PostAsync("/api/resources/nobody/scale?replicas=1"));
        Assert.Equal((HttpStatusCode.Conflict, "one was not declared with WithReplicas; declare it so in Program.cs to scale it."), await test.PostAsync("/api/resources/one/scale?replicas=1"));
        Assert.Equal((HttpStatusCode.Conflict, "twice-1 is a replica of twice; scale that."), await test.PostAsync("/api/resources/twice-1/scale?replicas=1"));
        Assert.Equal((HttpStatusCode.Conflict, "A replica of 'twice' would be named 'twice-3', as another resource is; rename one of them."), await test.PostAsync("/api/resources/twice/scale?replicas=3"));
        foreach (var count in new[] { "", "-1", "101", "many" })
            Assert.Equal((HttpStatusCode.BadRequest, $"replicas is '{count}'; twice can have 0 to 100."), await test.PostAsync($"/api/resources/twice/scale?replicas={count}"));

        using var client = new HttpClient();
        using var stranger = await client.PostAsync(new Uri(test.Run.GetProperty("control").GetString() + "/api/resources/twice/scale?replicas=0"), null);
        Assert.Equal(HttpStatusCode.Forbidden, stranger.StatusCode);
        Assert.Equal(["twice-1", "twice-2"], Processes(test).Where(name => name.StartsWith("twice-", StringComparison.Ordinal) && name != "twice-3"));
    }

    [Fact]
    public async Task The_command_line_scales_what_runs_and_says_in_a_sentence_what_does_not()
    {
        using var data = new TemporaryDirectory();
        await using (var host = SampleAppHost.Start(data.Path, "replicas"))
        {
            await host.LineAsync("is ready");

            Assert.Equal((0, "twice has 3 processes."), await ScaleAsync("twice", "3", "--data", data.Path));
            Assert.Equal((1, "scale: caller was not declared with WithReplicas; declare it so in Program.cs to scale it."), await ScaleAsync("caller", "2", "--data", data.Path));
            Assert.Equal((1, "scale: replicas is '101'; twice can have 0 to 100."), await ScaleAsync("twice", "101", "--data", data.Path));
            Assert.Equal((0, "twice has 1 process."), await ScaleAsync("twice", "1", "--data", data.Path));

            await host.SignalAsync("KILL");
            await host.ExitAsync();
            Assert.Equal((1, $"scale: the platform of {data.Path} does not answer; start it again with ./run."), await ScaleAsync("twice", "1", "--data", data.Path));
            await Eventually.TrueAsync(() => host.LivingChildren().Count == 0, Limit);
        }
        Assert.Equal((1, $"scale: no platform runs with the data folder {data.Path}/none; start it with ./run."), await ScaleAsync("twice", "1", "--data", data.Path + "/none"));
    }

    private static async Task<(int ExitCode, string Output)> ScaleAsync(params string[] arguments)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "run")))
            folder = folder.Parent ?? throw new InvalidOperationException($"No script 'run' above {AppContext.BaseDirectory}.");
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(folder.FullName, "run"), ["scale", .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync()).WaitAsync(Limit);
        await process.WaitForExitAsync().WaitAsync(Limit);
        return (process.ExitCode, string.Concat(output).Trim());
    }

    private static Task<ExecuteCommandResult> CommandAsync(TestApplication test, string resource, string command) =>
        test.Application.ResourceCommands.ExecuteCommandAsync(resource, command).WaitAsync(Limit);

    private static async Task<string[]> NamesAsync(TestApplication test)
    {
        using var client = new HttpClient();
        var answer = await client.GetFromJsonAsync<JsonElement>(new Uri(test.Run.GetProperty("control").GetString() + "/api/resources"));
        return [.. answer.GetProperty("resources").EnumerateArray().Select(resource => resource.GetProperty("name").GetString()!)];
    }

    private static string[] Processes(TestApplication test) =>
        [.. test.Run.GetProperty("processes").EnumerateArray().Select(process => process.GetProperty("resource").GetString()!).Order(StringComparer.Ordinal)];

    private static int? Port(TestApplication test, string resource) => test.Run.GetProperty("ports").TryGetProperty($"{resource}/http", out var port) ? port.GetInt32() : null;

    private static async Task<int> PidAsync(TestApplication test, string resource)
    {
        using var client = new HttpClient();
        return await client.GetFromJsonAsync<int>(new Uri($"http://localhost:{Port(test, resource)}/pid"));
    }
}

using System.Collections.Concurrent;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace PhotoPlatform.LocalHosting.Tests;

/// <summary>Waiting, failing, restarting and stopping.</summary>
public sealed class LifecycleTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_resource_starts_after_what_it_waits_for_is_healthy_and_its_ready_handlers_are_done()
    {
        await using var test = new TestApplication();
        var events = new ConcurrentQueue<string>();
        var job = test.Service("job").WithArgs("exit", "0").OnResourceStopped((_, _, _) => Note("job ended"));
        var inner = test.WebService("inner").WaitForCompletion(job).OnResourceReady(async (_, _, cancellationToken) =>
        {
            await Task.Yield();
            events.Enqueue("inner ready");
        });
        test.Sleeper("outer").WaitFor(inner).WithArgs(_ => Note("outer starts"));

        await test.Application.StartAsync().WaitAsync(Limit);

        Assert.Equal(["job ended", "inner ready", "outer starts"], events);

        Task Note(string what)
        {
            events.Enqueue(what);
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task A_wait_on_a_failed_job_fails_the_start()
    {
        await using var test = new TestApplication();
        test.Sleeper("outer").WaitForCompletion(test.Service("job").WithArgs("exit", "3"));

        var failure = await Assert.ThrowsAnyAsync<DistributedApplicationException>(() => test.Application.StartAsync().WaitAsync(Limit));

        Assert.Equal("outer cannot start: job, whose completion it waits for, ended with exit code 3.", failure.Message);
    }

    [Fact]
    public async Task A_ready_handler_that_throws_fails_the_start()
    {
        await using var test = new TestApplication();
        var inner = test.Sleeper("inner").OnResourceReady((_, _, _) => throw new InvalidOperationException("no such table"));
        test.Sleeper("outer").WaitFor(inner);

        var failure = await Assert.ThrowsAnyAsync<DistributedApplicationException>(() => test.Application.StartAsync().WaitAsync(Limit));

        Assert.Equal("inner failed to start: no such table", failure.Message);
    }

    [Fact]
    public async Task A_process_that_ends_before_it_is_ready_fails_the_start_with_the_telling_line_of_its_log()
    {
        await using var test = new TestApplication();
        test.Sleeper("outer").WaitFor(test.Builder.AddExecutable("server", "sh", "/", "-c", "echo FATAL: No space left on device >&2; echo bye; exit 7").WithHttpEndpoint().WithHttpHealthCheck());

        var failure = await Assert.ThrowsAnyAsync<DistributedApplicationException>(() => test.Application.StartAsync().WaitAsync(Limit));

        Assert.Equal("server ended with exit code 7 before it was ready: FATAL: No space left on device", failure.Message);
    }

    [Fact]
    public async Task A_long_wait_says_what_it_waits_for_and_why()
    {
        await using var test = new TestApplication();
        var sick = test.WebService("sick").WithArgs("sick");
        test.Sleeper("outer").WaitFor(sick);
        using var stop = new CancellationTokenSource();

        var start = test.Application.StartAsync(stop.Token);
        Assert.Equal("waiting for sick: GET /health answered 503", await test.LogLineAsync("outer", "answered").WaitAsync(Limit));

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => start);
    }

    [Fact]
    public async Task The_start_command_ends_a_wait()
    {
        await using var test = new TestApplication();
        var never = test.Sleeper("never").WithExplicitStart();
        test.Sleeper("outer").WaitFor(never);
        var start = test.Application.StartAsync();
        await test.Notifications.WaitForResourceAsync("outer", KnownResourceStates.Waiting).WaitAsync(Limit);

        var result = await test.Application.ResourceCommands.ExecuteCommandAsync("outer", KnownResourceCommands.StartCommand);

        Assert.True(result.Success);
        await start.WaitAsync(Limit);
        Assert.True(test.Notifications.TryGetCurrentState("never", out var notStarted));
        Assert.Equal(KnownResourceStates.NotStarted, notStarted.Snapshot.State?.Text);
    }

    [Fact]
    public async Task A_crashed_service_starts_again_on_its_port()
    {
        await using var test = new TestApplication();
        var service = test.WebService("service");
        await test.Application.StartAsync();
        await test.Notifications.WaitForResourceHealthyAsync("service").WaitAsync(Limit);
        var first = await TestApplication.GetAsync<int>(service, "/pid");
        Assert.True(test.Notifications.TryGetCurrentState("service", out var before));

        using var client = new HttpClient();
        await Assert.ThrowsAsync<HttpRequestException>(() => client.PostAsync(new Uri(service.GetEndpoint("http").Url + "/crash"), null));
        await test.LogLineAsync("service", "ended unexpectedly with exit code 134; starting again in 0.5 s").WaitAsync(Limit);
        // The line may come before the state: healthy counts only for the new process.
        await test.Notifications.WaitForResourceAsync("service", change =>
            change.Snapshot.StartTimeStamp > before.Snapshot.StartTimeStamp && change.Snapshot.HealthStatus == HealthStatus.Healthy).WaitAsync(Limit);

        Assert.NotEqual(first, await TestApplication.GetAsync<int>(service, "/pid"));
    }

    [Fact]
    public async Task Without_restarts_a_crashed_service_stays_down_until_it_is_started()
    {
        await using var test = new TestApplication("--restart", "never");
        var service = test.WebService("service");
        await test.StartAsync("service");

        using var client = new HttpClient();
        await Assert.ThrowsAsync<HttpRequestException>(() => client.PostAsync(new Uri(service.GetEndpoint("http").Url + "/crash"), null));
        await test.Notifications.WaitForResourceAsync("service", KnownResourceStates.Finished).WaitAsync(Limit);
        await test.LogLineAsync("service", "ended unexpectedly with exit code 134; it stays down until it is started").WaitAsync(Limit);

        Assert.True((await test.Application.ResourceCommands.ExecuteCommandAsync("service", KnownResourceCommands.StartCommand)).Success);
        await test.Notifications.WaitForResourceHealthyAsync("service").WaitAsync(Limit);
    }

    [Fact]
    public async Task A_stopped_service_stays_down_until_it_is_started()
    {
        await using var test = new TestApplication();
        test.Sleeper("service");
        await test.Application.StartAsync();

        Assert.True((await test.Application.ResourceCommands.ExecuteCommandAsync("service", KnownResourceCommands.StopCommand)).Success);
        Assert.True(test.Notifications.TryGetCurrentState("service", out var stopped));
        Assert.Equal(KnownResourceStates.Finished, stopped.Snapshot.State?.Text);
        Assert.False((await test.Application.ResourceCommands.ExecuteCommandAsync("service", KnownResourceCommands.StopCommand)).Success);

        Assert.True((await test.Application.ResourceCommands.ExecuteCommandAsync("service", KnownResourceCommands.StartCommand)).Success);
        await test.Notifications.WaitForResourceAsync("service", KnownResourceStates.Running).WaitAsync(Limit);
    }

    [Fact]
    public async Task Two_that_refer_to_each_other_stop_all_the_same()
    {
        await using var test = new TestApplication();
        var one = test.WebService("one");
        var two = test.WebService("two").WithReference(one);
        one.WithReference(two);
        await test.StartAsync("one");
        await test.Notifications.WaitForResourceHealthyAsync("two").WaitAsync(Limit);

        await test.Application.StopAsync().WaitAsync(Limit);

        Assert.Equal(KnownResourceStates.Finished, await test.Notifications.WaitForResourceAsync("one", KnownResourceStates.TerminalStates));
        Assert.Equal(KnownResourceStates.Finished, await test.Notifications.WaitForResourceAsync("two", KnownResourceStates.TerminalStates));
    }

    [Fact]
    public async Task Dependents_stop_first()
    {
        await using var test = new TestApplication();
        var stopped = new ConcurrentQueue<string>();
        var bottom = Recorded(test.Sleeper("bottom"));
        var middle = Recorded(test.Sleeper("middle").WaitFor(bottom));
        Recorded(test.Sleeper("top").WithReferenceRelationship(middle.Resource));
        await test.Application.StartAsync();

        await test.Application.StopAsync();

        Assert.Equal(["top", "middle", "bottom"], stopped);

        IResourceBuilder<ExecutableResource> Recorded(IResourceBuilder<ExecutableResource> resource) => resource.OnResourceStopped((r, _, _) =>
        {
            stopped.Enqueue(r.Name);
            return Task.CompletedTask;
        });
    }

    [Fact]
    public async Task A_custom_resource_lives_its_own_life_and_can_be_waited_for()
    {
        await using var test = new TestApplication();
        var custom = test.Builder.AddResource(new Thing("thing"))
            .WithInitialState(new CustomResourceSnapshot { ResourceType = "Thing", Properties = [], State = KnownResourceStates.Starting })
            .OnInitializeResource((thing, initialize, _) => initialize.Notifications.PublishUpdateAsync(thing, state => state with { State = KnownResourceStates.Running }));
        test.Sleeper("outer").WaitFor(custom).WithEnvironment("THING", custom);

        await test.Application.StartAsync().WaitAsync(Limit);
    }

    private sealed class Thing(string name) : Resource(name), IResourceWithConnectionString
    {
        public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create($"thing://{Name}");
    }
}

using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using LocalHosting.Network;
using LocalHosting.Processes;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LocalHosting.Running;

/// <summary>What every <see cref="ResourceController"/> shares.</summary>
internal sealed record RuntimeServices(ResourceNotificationService Notifications, ResourceLoggerService Loggers, IDistributedApplicationEventing Eventing,
    DependencyWaits Waits, LaunchValues Values, DataDirectory Data, PortRegistry Ports, ReplicaProxies Proxies, RunFile RunFile, StartupPhase Startup, RunSettings Settings, IServiceProvider Services, TimeProvider Time)
{
    /// <summary>Set when the run begins.</summary>
    public Watchdog? Watchdog { get; set; }
}

/// <summary>Starts, watches, restarts and stops the process of one resource.</summary>
internal sealed class ResourceController(IResource resource, IProcessRecipe recipe, bool isAwaitedToComplete, RuntimeServices runtime) : IDisposable
{
    // A server that is still booting may not listen to signals, and has nothing to lose.
    private static readonly TimeSpan GraceBeforeReady = TimeSpan.FromSeconds(3);

    // What a process without health checks must survive to count as having been ready.
    private static readonly TimeSpan LifeWithoutChecks = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _commands = new(1, 1);
    private readonly CancellationTokenSource _impatience = new();
    private readonly RestartBackoff _backoff = new();
    private readonly TaskCompletionSource _created = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenSource _run = new();
    private TaskCompletionSource _skipWaits = new();
    private Task _loop = Task.CompletedTask;
    private volatile ChildProcess? _process;
    private volatile bool _isRetired;

    public IResource Resource => resource;

    /// <summary>The resource has passed its waits and runs, for the first time.</summary>
    public Task Created => _created.Task;

    /// <summary>The resource is healthy for the first time, or has completed.</summary>
    public Task Ready => _ready.Task;

    /// <summary>From a start until there is neither a process nor another one to come.</summary>
    public bool IsLive => !_loop.IsCompleted;

    private ResourceLog Log => runtime.Loggers.Log(resource.Name);

    /// <summary>Starts the resource; one that waits stops waiting. Does nothing for one that is <see cref="RetireAsync">retired</see>.</summary>
    public async Task StartAsync()
    {
        await _commands.WaitAsync();
        try
        {
            if (_isRetired)
                return;
            if (!_loop.IsCompleted)
            {
                _skipWaits.TrySetResult();
                return;
            }
            _run = new CancellationTokenSource();
            _skipWaits = new TaskCompletionSource();
            _loop = Task.Run(() => LiveAsync(_run.Token));
        }
        finally
        {
            _commands.Release();
        }
    }

    /// <summary>Stops the process and returns when nothing of it is left.</summary>
    public async Task StopAsync()
    {
        await _commands.WaitAsync();
        try
        {
            await _run.CancelAsync();
            await _loop;
        }
        finally
        {
            _commands.Release();
        }
    }

    /// <summary>Stops the process for good. Nobody waits for its first start any more.</summary>
    public async Task RetireAsync()
    {
        // Before the stop, behind which a restart may already be waiting to start it again.
        _isRetired = true;
        await StopAsync();
        _created.TrySetResult();
        _ready.TrySetResult();
    }

    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    /// <summary>Lets no process have its grace any more.</summary>
    public void Kill()
    {
        _impatience.Cancel();
        _run.Cancel();
        _process?.Kill();
    }

    public void Dispose()
    {
        _commands.Dispose();
        _impatience.Dispose();
        _run.Dispose();
    }

    private async Task LiveAsync(CancellationToken stop)
    {
        try
        {
            Publish(KnownResourceStates.Starting, snapshot => snapshot with { ExitCode = null, StopTimeStamp = null, Ready = null, HealthReports = [], Failure = null });
            await runtime.Eventing.PublishAsync(new BeforeResourceStartedEvent(resource.InModel(), runtime.Services), stop);
            await WaitForDependenciesAsync(stop);
            while (await RunOnceAsync(stop) is { } pause)
                await Task.Delay(pause, runtime.Time, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await EndedAsync(runtime.Notifications.Snapshot(resource).StartTimeStamp is null ? KnownResourceStates.NotStarted : EndState, null);
            // Nobody waits any more for what somebody has stopped.
            _created.TrySetResult();
        }
#pragma warning disable CA1031 // whatever goes wrong at the start of one resource must not end the others silently
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Fail(exception as ResourceFailedException ?? new ResourceFailedException(resource, $"{resource.Name} failed to start: {exception.Message}", exception));
        }
    }

    private string EndState => resource is ContainerResource ? KnownResourceStates.Exited : KnownResourceStates.Finished;

    private async Task WaitForDependenciesAsync(CancellationToken stop)
    {
        using var skipped = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var waits = runtime.Waits.WaitAsync(resource, skipped.Token);
        if (await Task.WhenAny(waits, _skipWaits.Task) == waits)
        {
            await waits;
            return;
        }
        await skipped.CancelAsync();
        await waits.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        stop.ThrowIfCancellationRequested();
    }

    /// <summary>One life of the process. Returns the pause before the next one; null if there is none.</summary>
    private async Task<TimeSpan?> RunOnceAsync(CancellationToken stop)
    {
        Publish(KnownResourceStates.Starting, snapshot => snapshot with { ExitCode = null, StopTimeStamp = null, Ready = null, HealthReports = [] });
        var context = new LaunchContext(resource, runtime.Data, runtime.Ports, await runtime.Values.EnvironmentAsync(resource, stop),
            await runtime.Values.ArgumentsAsync(resource, stop), Log);
        var request = await recipe.PrepareAsync(context, stop);
        var began = runtime.Time.GetTimestamp();
        var process = ChildProcess.Start(request, ProcessMark.Of(runtime.Data, resource.Name), Log.Output);
        _process = process;
        runtime.Watchdog?.Started(process);
        runtime.RunFile.Started(resource.Name, process);
        Publish(KnownResourceStates.Running, snapshot => snapshot.WithProperty(RuntimeProperties.Pid, process.Pid) with
        {
            StartTimeStamp = runtime.Time.GetUtcNow().UtcDateTime,
            HealthReports = [.. resource.HealthCheckKeys().Select(key => new HealthReportSnapshot(key, null, null, null))],
        });
        runtime.Proxies.Admit(resource);
        _created.TrySetResult();
        using var announcement = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var announced = AnnounceReadyAsync(process, began, announcement.Token);

        var exitCode = await WaitOrStopAsync(process, stop);
        await announcement.CancelAsync();
        var handlerFailure = await announced;
        var lived = runtime.Time.GetElapsedTime(began);
        var wasReady = resource.HealthCheckKeys().Length == 0 ? lived >= LifeWithoutChecks : runtime.Notifications.Snapshot(resource).IsReady;
        _process = null;
        _ = runtime.Proxies.WithdrawAsync(resource, CancellationToken.None);
        runtime.Watchdog?.Ended(process);
        runtime.RunFile.Ended(process);
        if (stop.IsCancellationRequested)
        {
            await EndedAsync(EndState, exitCode);
            return null;
        }
        if (handlerFailure is not null)
            throw handlerFailure;
        if (exitCode == 0 || isAwaitedToComplete)
        {
            Log.Lifecycle(exitCode == 0 ? $"completed in {Seconds(began)}" : $"ended with exit code {exitCode}", exitCode != 0);
            await EndedAsync(EndState, exitCode);
            _ready.TrySetResult();
            return null;
        }
        if (runtime.Startup.IsStarting && !wasReady)
        {
            var why = LogTail.MostTelling([.. Log.Tail(50).Select(entry => entry.Text)]);
            runtime.Notifications.Update(resource, snapshot => snapshot with { ExitCode = exitCode });
            throw new ResourceFailedException(resource, $"{resource.Name} ended with exit code {exitCode} before it was ready: {why}");
        }
        if (!runtime.Settings.RestartsFailures)
        {
            Log.Lifecycle($"ended unexpectedly with exit code {exitCode}; it stays down until it is started", isError: true);
            await EndedAsync(EndState, exitCode);
            return null;
        }
        var pause = _backoff.Next(lived);
        Log.Lifecycle(FormattableString.Invariant($"ended unexpectedly with exit code {exitCode}; starting again in {pause.TotalSeconds:0.#} s"), isError: true);
        await EndedAsync(KnownResourceStates.Restarting, exitCode, countsAsRestart: true);
        return pause;
    }

    private async Task<int> WaitOrStopAsync(ChildProcess process, CancellationToken stop)
    {
        try
        {
            return await process.Exited.WaitAsync(stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            var wasReady = runtime.Notifications.Snapshot(resource).IsReady;
            Publish(KnownResourceStates.Stopping, snapshot => snapshot);
            await Task.WhenAny(runtime.Proxies.WithdrawAsync(resource, _impatience.Token), process.Exited);
            if (await process.StopAsync(wasReady ? TimeSpan.MaxValue : GraceBeforeReady, _impatience.Token) is { } grace)
                Log.Lifecycle(FormattableString.Invariant($"did not stop within {grace.TotalSeconds:0} s and was killed"), isError: true);
            else if (_impatience.IsCancellationRequested)
                Log.Lifecycle("killed at the second request to stop", isError: true);
            return await process.Exited;
        }
    }

    /// <summary>Says when the resource is ready. A ready handler that throws ends the process; its failure is returned.</summary>
    private async Task<ResourceFailedException?> AnnounceReadyAsync(ChildProcess process, long began, CancellationToken cancellationToken)
    {
        try
        {
            var ready = await runtime.Notifications.WaitForResourceHealthyAsync(resource.Name, cancellationToken);
            if (resource.HealthCheckKeys().Length > 0 && ready.Snapshot.State?.Text == KnownResourceStates.Running)
                Log.Lifecycle($"ready in {Seconds(began)}");
            _ready.TrySetResult();
            return null;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return null;
        }
#pragma warning disable CA1031 // a ready handler is the user's code; whatever it throws fails the resource
        catch (Exception exception)
#pragma warning restore CA1031
        {
            process.Kill();
            return new ResourceFailedException(resource, $"{resource.Name} failed to start: {exception.Message}", exception);
        }
    }

    private void Fail(ResourceFailedException failure)
    {
        // While the application starts, the failure ends it, and the sentence is its last word.
        if (runtime.Startup.IsStarting)
            Log.Note(failure.Message);
        else
            Log.Lifecycle(failure.Message, isError: true);
        Publish(KnownResourceStates.FailedToStart, snapshot => snapshot.WithProperty(RuntimeProperties.Pid, null) with { StopTimeStamp = runtime.Time.GetUtcNow().UtcDateTime, Failure = failure });
        _created.TrySetException(failure);
        _ready.TrySetException(failure);
    }

    private async Task EndedAsync(string state, int? exitCode, bool countsAsRestart = false)
    {
        var change = Publish(state, snapshot => snapshot.WithProperty(RuntimeProperties.Pid, null)
            .WithProperty(RuntimeProperties.Restarts, (snapshot.Property(RuntimeProperties.Restarts) as int? ?? 0) + (countsAsRestart ? 1 : 0)) with
        {
            ExitCode = exitCode ?? snapshot.ExitCode,
            StopTimeStamp = runtime.Time.GetUtcNow().UtcDateTime,
        });
        await runtime.Eventing.PublishAsync(new ResourceStoppedEvent(resource.InModel(), runtime.Services, change), EventDispatchBehavior.NonBlockingSequential);
    }

    private ResourceEvent Publish(string state, Func<CustomResourceSnapshot, CustomResourceSnapshot> change) =>
        runtime.Notifications.Update(resource, snapshot => change(snapshot) with { State = state });

    private string Seconds(long since) => FormattableString.Invariant($"{runtime.Time.GetElapsedTime(since).TotalSeconds:0.0} s");
}

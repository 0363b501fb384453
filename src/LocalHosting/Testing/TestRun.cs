using System.Globalization;
using System.Reflection;
using Aspire.Hosting;
using Microsoft.Extensions.Hosting;

namespace LocalHosting.Testing;

/// <summary>
/// One application under test. An AppHost's Main runs on a thread of its own: it stands still in <c>Build()</c> until the test has had its way with the
/// model, and in <c>Run()</c> until the test has disposed the application. What Main calls finds its run in its execution context.
/// </summary>
internal sealed class TestRun(Assembly? appHost, string[] args, Action<DistributedApplicationOptions, HostApplicationBuilderSettings> configure)
{
    private static readonly AsyncLocal<TestRun?> Main = new();

    private readonly TestDefaults _defaults = new(appHost, args);
    private readonly TaskCompletionSource<DistributedApplicationBuilder> _model = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _mayBuild = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<DistributedApplication> _running = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _isStarted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _isOver = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _mainEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The run whose Main is calling; null outside of any.</summary>
    public static TestRun? Caller => Main.Value;

    public bool HasMain => appHost is not null;

    /// <summary>Prepares the builder that is about to be created.</summary>
    public void Configure(DistributedApplicationOptions options, HostApplicationBuilderSettings settings)
    {
        _defaults.Apply(options, settings);
        configure(options, settings);
    }

    /// <summary>Starts Main and returns the builder once its model is complete.</summary>
    public async Task<DistributedApplicationBuilder> StartMainAsync(CancellationToken cancellationToken)
    {
        new Thread(RunMain) { IsBackground = true, Name = "AppHost" }.Start();
        return await _model.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Lets Main build and returns its application once it would run.</summary>
    public async Task<DistributedApplication> ContinueMainAsync(CancellationToken cancellationToken)
    {
        _mayBuild.TrySetResult();
        return await _running.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Main is in <c>Build()</c>.</summary>
    public void Building(DistributedApplicationBuilder builder)
    {
        if (Caller != this)
            return;
        _model.TrySetResult(builder);
        _mayBuild.Task.GetAwaiter().GetResult();
    }

    /// <summary>Main is in <c>Run()</c>, and stays there.</summary>
    public Task RunningAsync(DistributedApplication application)
    {
        _running.TrySetResult(application);
        return _isOver.Task;
    }

    /// <summary>Main is in <c>StartAsync()</c>, and stays there until the test has started the application.</summary>
    public Task StartingAsync(DistributedApplication application)
    {
        _running.TrySetResult(application);
        return _isStarted.Task;
    }

    /// <summary>The test has started the application.</summary>
    public void Started() => _isStarted.TrySetResult();

    /// <summary>Lets Main end and removes what the run has left.</summary>
    public async Task EndAsync()
    {
        Release();
        // Main itself may dispose its application.
        if (HasMain && Caller != this)
            await _mainEnded.Task;
        _defaults.RemoveData();
    }

    /// <summary>The same without waiting: a Main that has not come to build its application may never end.</summary>
    public void Abandon()
    {
        Release();
        _mainEnded.Task.ContinueWith(_ => _defaults.RemoveData(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    private void Release()
    {
        _mayBuild.TrySetCanceled();
        _isStarted.TrySetResult();
        _isOver.TrySetResult();
    }

    private void RunMain()
    {
        Main.Value = this;
        var name = appHost!.GetName().Name;
        Exception? thrown = null;
        try
        {
            var main = appHost.EntryPoint ?? throw new DistributedApplicationException($"{name} is not a program: it has no Main.");
            main.Invoke(null, BindingFlags.DoNotWrapExceptions, null, main.GetParameters().Length == 0 ? [] : [args], CultureInfo.InvariantCulture);
        }
#pragma warning disable CA1031 // whatever Main throws is the test's to see
        catch (Exception exception)
#pragma warning restore CA1031
        {
            thrown = exception;
        }
        var goal = _model.Task.IsCompleted ? "Run()" : "Build()";
        var failure = new DistributedApplicationException(
            thrown is null ? $"The AppHost {name} ended before it called {goal}." : $"The AppHost {name} failed before it called {goal}: {thrown.Message}", thrown!);
        _model.TrySetException(failure);
        _running.TrySetException(failure);
        _mainEnded.TrySetResult();
    }
}

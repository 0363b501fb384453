using System.Runtime.InteropServices;
using Aspire.Hosting.ApplicationModel;
using LocalHosting.Publishing;
using LocalHosting.Running;
using LocalHosting.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting;

/// <summary>A built application: starts its resources, watches them and stops them in order.</summary>
public class DistributedApplication : IHost, IAsyncDisposable
{
    // A process group and its leader both get the signal of some tools, so that it arrives here twice.
    private static readonly TimeSpan SameRequest = TimeSpan.FromSeconds(1);

    private readonly IHost _host;
    private bool _isDisposed;

    public DistributedApplication(IHost host)
    {
        _host = host;
    }

    public IServiceProvider Services => _host.Services;

    public ResourceNotificationService ResourceNotifications => Services.GetRequiredService<ResourceNotificationService>();

    public ResourceCommandService ResourceCommands => Services.GetRequiredService<ResourceCommandService>();

    /// <summary>The test in whose process the application runs.</summary>
    internal TestRun? Test { get; init; }

    private bool IsPublishing => Services.GetRequiredService<DistributedApplicationExecutionContext>().IsPublishMode;

    private Orchestrator Orchestrator => Services.GetRequiredService<Orchestrator>();

    public static IDistributedApplicationBuilder CreateBuilder() => CreateBuilder([]);

    /// <param name="args">Options of the runtime (<c>--data DIR</c>, <c>--dashboard-port N</c>, <c>--verbose</c>) and of the application; all of them become configuration.</param>
    public static IDistributedApplicationBuilder CreateBuilder(string[] args) => CreateBuilder(new DistributedApplicationOptions { Args = args });

    public static IDistributedApplicationBuilder CreateBuilder(DistributedApplicationOptions options) => new DistributedApplicationBuilder(options, TestRun.Caller);

    public void Run() => RunAsync().GetAwaiter().GetResult();

    /// <summary>
    /// Starts everything, says when it is ready, and stops everything in order on Ctrl+C, SIGTERM or cancellation; a second signal kills.
    /// With <c>--publisher manifest</c> it writes the manifest instead.
    /// A failed start is told in one sentence and sets the exit code of the process to 1.
    /// </summary>
    public virtual async Task RunAsync(CancellationToken cancellationToken = default)
    {
        if (Test is { } test && test == TestRun.Caller)
        {
            await test.RunningAsync(this);
            return;
        }
        var lifetime = Services.GetRequiredService<IHostApplicationLifetime>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.ApplicationStopping);
        var time = Services.GetRequiredService<TimeProvider>();
        var asked = 0L;
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal);
        try
        {
            await StartAsync(stop.Token);
            if (IsPublishing)
                return;
            await Orchestrator.Ready.WaitAsync(stop.Token);
            await Task.Delay(Timeout.InfiniteTimeSpan, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Somebody asked for the end.
        }
        catch (DistributedApplicationException exception)
        {
            await Console.Error.WriteLineAsync(Orchestrator.Explain(exception));
            Environment.ExitCode = 1;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"The AppHost cannot use its data directory: {exception.Message}");
            Environment.ExitCode = 1;
        }
        finally
        {
            await StopAsync(CancellationToken.None);
        }

        void OnSignal(PosixSignalContext signal)
        {
            signal.Cancel = true;
            if (!stop.IsCancellationRequested)
            {
                asked = time.GetTimestamp();
                stop.Cancel();
            }
            else if (time.GetElapsedTime(asked) > SameRequest)
            {
                Orchestrator.Kill();
            }
        }
    }

    /// <summary>Returns when every resource that starts by itself has passed its waits and runs; when publishing, when the manifest is written.</summary>
    /// <exception cref="DistributedApplicationException">A resource failed to start, or the application cannot run here.</exception>
    public virtual async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (Test is { } test && test == TestRun.Caller)
        {
            await test.StartingAsync(this);
            return;
        }
        if (IsPublishing)
        {
            await ActivatorUtilities.CreateInstance<ManifestPublisher>(Services).PublishAsync(cancellationToken);
            return;
        }
        await _host.StartAsync(cancellationToken);
        await Orchestrator.StartAsync(cancellationToken);
        Test?.Started();
    }

    /// <summary>Returns when nothing of the application is left.</summary>
    public virtual async Task StopAsync(CancellationToken cancellationToken = default)
    {
        await Orchestrator.StopAsync();
        await _host.StopAsync(cancellationToken);
    }

    public virtual void Dispose()
    {
        DisposeAsync().AsTask().GetAwaiter().GetResult();
        GC.SuppressFinalize(this);
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_isDisposed)
            return;
        _isDisposed = true;
        await Orchestrator.StopAsync();
        if (_host is IAsyncDisposable host)
            await host.DisposeAsync();
        else
            _host.Dispose();
        if (Test is not null)
            await Test.EndAsync();
    }
}

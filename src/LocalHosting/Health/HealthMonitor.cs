using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using LocalHosting.Running;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LocalHosting.Health;

/// <summary>
/// Probes each running resource: every 250 ms while it is unhealthy, every 5 s afterwards. When a resource is healthy for the first time in a
/// run, its <see cref="ResourceReadyEvent"/> is published; waiters wait for the handlers too.
/// </summary>
internal sealed class HealthMonitor(ResourceNotificationService notifications, HealthCheckService checks, IDistributedApplicationEventing eventing,
    ResourceLoggerService loggers, IServiceProvider services, TimeProvider time)
{
    private static readonly TimeSpan WhileUnhealthy = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan WhileHealthy = TimeSpan.FromSeconds(5);

    /// <summary>Follows the resource until cancelled: one probing loop for each time that it runs. Of one with replicas, these are probed.</summary>
    public Task FollowAsync(IResource resource, CancellationToken cancellationToken) =>
        resource.IsReplicated() ? FollowReplicasAsync(resource, cancellationToken) : FollowProcessAsync(resource, cancellationToken);

    /// <summary>Its snapshot comes from those of its replicas; what is left to do is to say when it is ready.</summary>
    private async Task FollowReplicasAsync(IResource resource, CancellationToken cancellationToken)
    {
        Task? told = null;
        try
        {
            await foreach (var change in notifications.WatchAsync(cancellationToken))
            {
                if (change.Resource != resource)
                    continue;
                var snapshot = notifications.Snapshot(resource);
                if (snapshot is { HealthStatus: HealthStatus.Healthy, Ready: null })
                    PublishReady(resource, cancellationToken);
                // Those who wait for the resource fail by it; its replicas know nothing of it.
                else if (snapshot.Ready is { IsFaulted: true } failed && failed != told)
                    loggers.Log(resource.Name).Lifecycle($"a handler of its ready event failed: {(told = failed).Exception!.InnerException!.Message}", isError: true);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The application stops.
        }
    }

    private async Task FollowProcessAsync(IResource resource, CancellationToken cancellationToken)
    {
        CancellationTokenSource? run = null;
        var probing = Task.CompletedTask;
        try
        {
            await foreach (var change in notifications.WatchAsync(cancellationToken))
            {
                if (change.Resource != resource)
                    continue;
                var isRunning = change.Snapshot.State?.Text == KnownResourceStates.Running;
                if (isRunning && run is null)
                {
                    run = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                    probing = ProbeAsync(resource, run.Token);
                }
                else if (!isRunning && run is not null)
                {
                    await run.CancelAsync();
                    await probing;
                    run.Dispose();
                    run = null;
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await probing;
            run?.Dispose();
        }
    }

    private async Task ProbeAsync(IResource resource, CancellationToken cancellationToken)
    {
        var annotations = resource.HealthChecks().ToArray();
        var began = notifications.Snapshot(resource).StartTimeStamp;
        try
        {
            while (true)
            {
                var isHealthy = annotations.Length == 0 || await ProbeOnceAsync(resource, annotations, began, cancellationToken);
                if (isHealthy && notifications.Snapshot(resource) is { Ready: null } snapshot && snapshot.StartTimeStamp == began)
                    PublishReady(resource, cancellationToken);
                if (annotations.Length == 0)
                    return;
                await Task.Delay(isHealthy ? WhileHealthy : WhileUnhealthy, time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The run is over.
        }
    }

    private async Task<bool> ProbeOnceAsync(IResource resource, HealthCheckAnnotation[] annotations, DateTime? began, CancellationToken cancellationToken)
    {
        var asking = annotations.OfType<HttpHealthCheckAnnotation>().Select(check => check.AskAsync(cancellationToken)).ToArray();
        var registered = await RunRegisteredAsync([.. annotations.Where(check => check is not HttpHealthCheckAnnotation).Select(check => check.Key)], cancellationToken);
        var answers = await Task.WhenAll(asking);
        var now = time.GetUtcNow().UtcDateTime;
        var results = registered.Concat(answers).Select(result => result with { LastRunAt = now });
        // The answer of a process that has been replaced meanwhile says nothing about its successor.
        var change = notifications.Update(resource, snapshot =>
            snapshot.State?.Text == KnownResourceStates.Running && snapshot.StartTimeStamp == began ? snapshot with { HealthReports = [.. results] } : snapshot);
        return change.Snapshot.HealthStatus == HealthStatus.Healthy;
    }

    private async Task<IReadOnlyList<HealthReportSnapshot>> RunRegisteredAsync(string[] keys, CancellationToken cancellationToken)
    {
        if (keys.Length == 0)
            return [];
        var report = await checks.CheckHealthAsync(registration => keys.Contains(registration.Name), cancellationToken);
        return [.. keys.Select(key => report.Entries.TryGetValue(key, out var entry)
            ? new HealthReportSnapshot(key, entry.Status, entry.Description ?? entry.Exception?.Message, entry.Exception?.ToString())
            : new HealthReportSnapshot(key, HealthStatus.Unhealthy, $"no health check '{key}' is registered", null))];
    }

    private void PublishReady(IResource resource, CancellationToken cancellationToken)
    {
        // Not within the update: handlers may publish updates themselves.
        var ready = Task.Run(() => eventing.PublishAsync(new ResourceReadyEvent(resource, services), cancellationToken), cancellationToken);
        notifications.Update(resource, snapshot => snapshot with { Ready = ready });
        // A second update when the handlers are done, for those who look at IsReady.
        _ = ready.ContinueWith(_ => notifications.Update(resource, snapshot => snapshot), CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }
}

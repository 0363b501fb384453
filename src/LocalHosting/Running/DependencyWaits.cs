using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LocalHosting.Running;

/// <summary>Holds a resource back until what it waits for is there, and says what it is waiting for and why.</summary>
internal sealed class DependencyWaits(ResourceNotificationService notifications, ResourceLoggerService loggers, StartupPhase startup, TimeProvider time)
{
    // An ordinary start is over sooner (a broker takes five seconds) and not worth a line for each wait.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);

    /// <exception cref="ResourceFailedException">A dependency ended in a way that makes the wait pointless.</exception>
    public async Task WaitAsync(IResource resource, CancellationToken cancellationToken)
    {
        var waits = resource.Annotations.OfType<WaitAnnotation>().DistinctBy(wait => (wait.Resource, wait.WaitType)).ToArray();
        if (waits.Length == 0)
            return;
        notifications.Update(resource, snapshot => snapshot with { State = KnownResourceStates.Waiting });
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var all = waits.Select(wait => WaitForOneAsync(resource, wait, failed.Token)).ToArray();
        try
        {
            await foreach (var done in Task.WhenEach(all))
                await done;
        }
        finally
        {
            await failed.CancelAsync();
            notifications.Update(resource, snapshot => snapshot.WithProperty(RuntimeProperties.WaitingFor, null));
        }
    }

    private async Task WaitForOneAsync(IResource resource, WaitAnnotation wait, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        string? told = null;
        // A wait on something that never changes would never say what it waits for, so a timer also looks.
        using var reminder = time.CreateTimer(_ => Tell(), null, Patience, Timeout.InfiniteTimeSpan);
        ResourceEvent satisfied;
        do
        {
            satisfied = await notifications.WaitForResourceAsync(wait.Resource.Name, change =>
            {
                var isSatisfied = IsSatisfied(resource, wait, change.Snapshot);
                if (!isSatisfied)
                    Tell();
                return isSatisfied;
            }, cancellationToken);
        }
        while (wait.WaitType == WaitType.WaitUntilHealthy && !await HandlersAsync(wait.Resource, satisfied.Snapshot.Ready!, cancellationToken));

        void Tell()
        {
            var reason = Reason(wait, notifications.Snapshot(wait.Resource));
            if (reason is null || reason == told)
                return;
            notifications.Update(resource, snapshot => snapshot.WithProperty(RuntimeProperties.WaitingFor, $"{wait.Resource.Name}: {reason}"));
            if (time.GetElapsedTime(began) < Patience)
                return;
            told = reason;
            loggers.Log(resource.Name).Lifecycle($"waiting for {wait.Resource.Name}: {reason}");
        }
    }

    private bool IsSatisfied(IResource waiter, WaitAnnotation wait, CustomResourceSnapshot dependency)
    {
        var state = dependency.State?.Text;
        // The cause, not its consequence, is what a person needs to read.
        if (dependency.Failure is { } cause && GivesUp(wait))
            throw cause;
        var hasEnded = KnownResourceStates.TerminalStates.Contains(state);
        if (wait.WaitType == WaitType.WaitForCompletion)
        {
            if (!hasEnded)
                return false;
            if (dependency.ExitCode == wait.ExitCode)
                return true;
            throw new ResourceFailedException(wait.Resource, $"{waiter.Name} cannot start: {wait.Resource.Name}, whose completion it waits for, {Outcome(dependency)}.");
        }
        if (hasEnded && GivesUp(wait))
            throw new ResourceFailedException(wait.Resource, $"{waiter.Name} cannot start: {wait.Resource.Name}, for which it waits, {Outcome(dependency)}.");
        return state == KnownResourceStates.Running
            && (wait.WaitType == WaitType.WaitUntilStarted || (dependency.HealthStatus == HealthStatus.Healthy && dependency.Ready is { IsCanceled: false }));
    }

    // Without a wish of its own, a wait fails while the application starts (nobody would restart the dependency) and goes on later.
    private bool GivesUp(WaitAnnotation wait) =>
        wait.WaitBehavior is null ? startup.IsStarting : wait.WaitBehavior == WaitBehavior.StopOnResourceUnavailable;

    /// <summary>Returns true when they are done; false when the dependency was stopped meanwhile, so that its next life has to be waited for.</summary>
    private static async Task<bool> HandlersAsync(IResource dependency, Task handlers, CancellationToken cancellationToken)
    {
        try
        {
            await handlers.WaitAsync(cancellationToken);
            return true;
        }
        catch (OperationCanceledException) when (handlers.IsCanceled && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
#pragma warning disable CA1031 // handlers are the user's code; whatever they throw fails the resource
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            throw new ResourceFailedException(dependency, $"{dependency.Name} failed to start: {exception.Message}", exception);
        }
    }

    private static string? Reason(WaitAnnotation wait, CustomResourceSnapshot dependency)
    {
        if (dependency.State?.Text != KnownResourceStates.Running)
            return dependency.State?.Text is { } state ? Words(state) : "not started";
        return wait.WaitType switch
        {
            WaitType.WaitForCompletion => "still running",
            WaitType.WaitUntilHealthy when dependency.HealthStatus != HealthStatus.Healthy =>
                dependency.HealthReports.FirstOrDefault(report => report.Status is not HealthStatus.Healthy)?.Description ?? "not healthy yet",
            WaitType.WaitUntilHealthy when !dependency.IsReady => "getting ready",
            _ => null,
        };
    }

    private static string Outcome(CustomResourceSnapshot snapshot) => snapshot.ExitCode is { } code ? $"ended with exit code {code}" : "ended";

    private static string Words(string state) =>
        string.Concat(state.Select((c, i) => char.IsUpper(c) ? (i > 0 ? " " : "") + char.ToLowerInvariant(c) : c.ToString()));
}

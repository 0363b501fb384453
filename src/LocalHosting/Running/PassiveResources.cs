using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using LocalHosting.Infrastructure;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LocalHosting.Running;

/// <summary>Gives a state to resources without a process: parameters and connection strings have their value or not, databases follow their server, external servers run.</summary>
internal sealed class PassiveResources(ResourceNotificationService notifications, ResourceLoggerService loggers)
{
    public async Task LiveAsync(IResource resource, CancellationToken cancellationToken)
    {
        if (resource.External() is { } external)
            await LiveElsewhereAsync(resource, external, cancellationToken);
        else if (resource.ParentOf() is { } parent)
            await FollowAsync(resource, parent, cancellationToken);
        else if (resource is ParameterResource parameter)
            await ShowAsync(resource, parameter, cancellationToken);
        else if (resource is ConnectionStringResource or ConfiguredConnectionString)
            await ShowAsync(resource, (IValueProvider)resource, cancellationToken);
        else if (resource is ContainerResource)
            Refuse(resource);
    }

    private void Refuse(IResource container) => Fail(new ResourceFailedException(container,
        $"{container.Name} is a container, and this runtime starts none; run its program with AddExecutable, or the AppHost with -p:UseAspire=true."));

    private void Fail(ResourceFailedException failure)
    {
        loggers.Log(failure.Culprit.Name).Lifecycle(failure.Message, isError: true);
        notifications.Update(failure.Culprit, snapshot => snapshot with { State = KnownResourceStates.FailedToStart, Failure = failure });
    }

    private async Task ShowAsync(IResource resource, IValueProvider value, CancellationToken cancellationToken)
    {
        ResourceStateSnapshot? state;
        try
        {
            state = await value.GetValueAsync(cancellationToken) is null ? KnownResourceStates.ValueMissing : KnownResourceStates.Running;
        }
        catch (MissingParameterValueException)
        {
            state = KnownResourceStates.ValueMissing;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }
#pragma warning disable CA1031 // values come from the user's code; whatever it throws fails the resource
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Fail(new ResourceFailedException(resource, $"{resource.Name} has no value: {exception.Message}", exception));
            return;
        }
        notifications.Update(resource, snapshot => snapshot with { State = state });
    }

    /// <summary>It counts as running; its health says whether it is there. It fails as one of our own would, if what it needs to be ready cannot be done.</summary>
    private async Task LiveElsewhereAsync(IResource resource, ExternalServer server, CancellationToken cancellationToken)
    {
        loggers.Log(resource.Name).Lifecycle($"runs at {server.Address}, as {server.Setting} says; nothing is started for it");
        notifications.Update(resource, snapshot => snapshot.WithProperty(RuntimeProperties.ExternalServer, server.Address) with
        {
            State = KnownResourceStates.Running,
            HealthReports = [.. resource.HealthCheckKeys().Select(key => new HealthReportSnapshot(key, null, null, null))],
        });
        try
        {
            await notifications.WaitForResourceHealthyAsync(resource.Name, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The application stops.
        }
#pragma warning disable CA1031 // a ready handler is the user's code; whatever it throws fails the resource
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Fail(new ResourceFailedException(resource, $"{resource.Name} failed to start: {exception.Message}", exception));
        }
    }

    /// <summary>Runs only once the parent is ready, because the parent's ready handlers create its children.</summary>
    private async Task FollowAsync(IResource child, IResource parent, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var change in notifications.WatchAsync(cancellationToken))
            {
                if (change.Resource != parent)
                    continue;
                var isRunning = change.Snapshot.State?.Text == KnownResourceStates.Running;
                ResourceStateSnapshot? state = isRunning && !change.Snapshot.IsReady ? KnownResourceStates.Starting : change.Snapshot.State;
                if (notifications.Snapshot(child).State?.Text == state?.Text)
                    continue;
                notifications.Update(child, snapshot => snapshot with
                {
                    State = state,
                    StartTimeStamp = change.Snapshot.StartTimeStamp,
                    Ready = null,
                    HealthReports = [.. child.HealthCheckKeys().Select(key => new HealthReportSnapshot(key, null as HealthStatus?, null, null))],
                });
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The application stops.
        }
    }
}

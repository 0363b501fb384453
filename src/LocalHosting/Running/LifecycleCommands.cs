using Aspire.Hosting.ApplicationModel;

namespace LocalHosting.Running;

/// <summary>Start, stop and restart, as commands of a resource. Those of a resource with replicas are for all of them; each replica has its own too.</summary>
internal static class LifecycleCommands
{
    // What a replica may take to come back before a restart in turn is given up.
    private static readonly TimeSpan ReturnLimit = TimeSpan.FromMinutes(2);

    public static void AddTo(IResource resource, ProcessRoster roster, ResourceNotificationService notifications)
    {
        resource.AddCommand(KnownResourceCommands.StartCommand, "Start", () => Any(IsAtRest), () => Task.WhenAll(roster.Of(resource).Select(controller => controller.StartAsync())));
        resource.AddCommand(KnownResourceCommands.StopCommand, "Stop", () => Any(IsAlive), () => Task.WhenAll(roster.Of(resource).Select(controller => controller.StopAsync())));
        resource.AddCommand(KnownResourceCommands.RestartCommand, "Restart", () => Any(state => IsAlive(state) && state != KnownResourceStates.Waiting),
            () => RestartInTurnAsync(resource, roster, notifications));

        bool Any(Func<string?, bool> isPossible) => roster.Of(resource).Any(controller => isPossible(notifications.Snapshot(controller.Resource).State?.Text));
    }

    /// <summary>A command without parameters; what <paramref name="act"/> throws is its failure.</summary>
    public static void AddCommand(this IResource resource, string name, string displayName, Func<bool> isPossible, Func<Task> act) =>
        resource.Annotations.Add(new ResourceCommandAnnotation(name, displayName, _ => isPossible() ? ResourceCommandState.Enabled : ResourceCommandState.Disabled,
            async _ =>
            {
                await act();
                return CommandResults.Success();
            }, null, null, null, null, null, isHighlighted: false));

    /// <summary>One after the other, each only when the one before is healthy again, so that there is always one that serves.</summary>
    private static async Task RestartInTurnAsync(IResource resource, ProcessRoster roster, ResourceNotificationService notifications)
    {
        using var change = await roster.ChangeAsync(resource);
        var controllers = roster.Of(resource);
        for (var i = 0; i < controllers.Count; i++)
        {
            await controllers[i].RestartAsync();
            if (i == controllers.Count - 1)
                return;
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(roster.Closing);
            limit.CancelAfter(ReturnLimit);
            try
            {
                await notifications.WaitForResourceHealthyAsync(controllers[i].Resource.Name, limit.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"{controllers[i].Resource.Name} is not healthy after its restart, so the others were left as they are.");
            }
        }
    }

    private static bool IsAtRest(string? state) => state == KnownResourceStates.NotStarted || state == KnownResourceStates.Waiting || KnownResourceStates.TerminalStates.Contains(state);

    private static bool IsAlive(string? state) =>
        state is KnownResourceStates.Restarting || state == KnownResourceStates.Running || state == KnownResourceStates.Starting || state == KnownResourceStates.Waiting;
}

using Aspire.Hosting.ApplicationModel;

namespace LocalHosting.Running;

/// <summary>Start, stop and restart, as commands of a resource. Those of a resource with replicas are for all of them; each replica has its own too.</summary>
internal static class LifecycleCommands
{
    // What a replica may take to come back before a restart in turn is given up.
    private static readonly TimeSpan ReturnLimit = TimeSpan.FromMinutes(2);

    public static void AddTo(IResource resource, IReadOnlyList<ResourceController> controllers, ResourceNotificationService notifications)
    {
        Add(KnownResourceCommands.StartCommand, "Start", () => Task.WhenAll(controllers.Select(controller => controller.StartAsync())), state => state == KnownResourceStates.NotStarted
            || state == KnownResourceStates.Waiting || KnownResourceStates.TerminalStates.Contains(state));
        Add(KnownResourceCommands.StopCommand, "Stop", () => Task.WhenAll(controllers.Select(controller => controller.StopAsync())), IsAlive);
        Add(KnownResourceCommands.RestartCommand, "Restart", () => RestartInTurnAsync(controllers, notifications), state => IsAlive(state) && state != KnownResourceStates.Waiting);

        void Add(string name, string displayName, Func<Task> act, Func<string?, bool> isPossible) =>
            resource.Annotations.Add(new ResourceCommandAnnotation(name, displayName,
                _ => controllers.Any(controller => isPossible(notifications.Snapshot(controller.Resource).State?.Text)) ? ResourceCommandState.Enabled : ResourceCommandState.Disabled,
                async _ =>
                {
                    await act();
                    return CommandResults.Success();
                }, null, null, null, null, null, isHighlighted: false));
    }

    /// <summary>One after the other, each only when the one before is healthy again, so that there is always one that serves.</summary>
    private static async Task RestartInTurnAsync(IReadOnlyList<ResourceController> controllers, ResourceNotificationService notifications)
    {
        for (var i = 0; i < controllers.Count; i++)
        {
            await controllers[i].RestartAsync();
            if (i == controllers.Count - 1)
                return;
            using var limit = new CancellationTokenSource(ReturnLimit);
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

    private static bool IsAlive(string? state) =>
        state is KnownResourceStates.Restarting || state == KnownResourceStates.Running || state == KnownResourceStates.Starting || state == KnownResourceStates.Waiting;
}

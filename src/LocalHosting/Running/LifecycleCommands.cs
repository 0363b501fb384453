using Aspire.Hosting.ApplicationModel;

namespace LocalHosting.Running;

/// <summary>Start, stop and restart, as commands of a resource.</summary>
internal static class LifecycleCommands
{
    public static void AddTo(ResourceController controller)
    {
        Add(KnownResourceCommands.StartCommand, "Start", controller.StartAsync, state => state == KnownResourceStates.NotStarted
            || state == KnownResourceStates.Waiting || KnownResourceStates.TerminalStates.Contains(state));
        Add(KnownResourceCommands.StopCommand, "Stop", controller.StopAsync, IsAlive);
        Add(KnownResourceCommands.RestartCommand, "Restart", controller.RestartAsync, state => IsAlive(state) && state != KnownResourceStates.Waiting);

        void Add(string name, string displayName, Func<Task> act, Func<string?, bool> isPossible) =>
            controller.Resource.Annotations.Add(new ResourceCommandAnnotation(name, displayName,
                context => isPossible(context.ResourceSnapshot.State?.Text) ? ResourceCommandState.Enabled : ResourceCommandState.Disabled,
                async _ =>
                {
                    await act();
                    return CommandResults.Success();
                }, null, null, null, null, null, isHighlighted: false));
    }

    private static bool IsAlive(string? state) =>
        state is KnownResourceStates.Restarting || state == KnownResourceStates.Running || state == KnownResourceStates.Starting || state == KnownResourceStates.Waiting;
}

using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace LocalHosting.Running;

/// <summary>What only projects can do: be rebuilt and, if they have replicas, be scaled.</summary>
internal sealed class ProjectCommands(Scaling scaling, Rebuilding rebuilding, ResourceNotificationService notifications)
{
    public const string ScaleUp = "scale-up";
    public const string ScaleDown = "scale-down";
    public const string Rebuild = "rebuild";

    /// <summary>The state of a process whose project is being built.</summary>
    public const string Building = "Building";

    public void AddTo(IResource resource)
    {
        if (resource.IsReplicated())
        {
            resource.AddCommand(ScaleUp, "Scale up", () => resource.Replicas().Count < ReplicasAnnotation.Most, () => scaling.ScaleAsync(resource, replicas => Math.Min(replicas + 1, ReplicasAnnotation.Most)));
            resource.AddCommand(ScaleDown, "Scale down", () => resource.Replicas().Count > 0, () => scaling.ScaleAsync(resource, replicas => Math.Max(replicas - 1, 0)));
        }
        if (resource.TryGetLastAnnotation<IProjectMetadata>(out var project))
            resource.AddCommand(Rebuild, "Rebuild", () => notifications.Snapshot(resource).State?.Text != Building, () => rebuilding.RebuildAsync(resource, project));
    }
}

using System.Collections;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using LocalHosting.Processes;

namespace LocalHosting.Running;

/// <summary>Builds a project again while the application runs, without its processes, and starts them anew.</summary>
internal sealed class Rebuilding(DistributedApplicationModel model, ProcessRoster roster, RuntimeServices runtime)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Stops every process of the resource, builds once, and starts them all; after a build that fails, what was built before runs again. Processes
    /// that other resources run from the same project, and whose files the build replaces, are stopped and started with them.
    /// </summary>
    /// <exception cref="DistributedApplicationException">The build failed, or the application stops.</exception>
    public async Task RebuildAsync(IResource resource, IProjectMetadata project)
    {
        var sharing = model.Resources.Where(other => other.TryGetLastAnnotation<IProjectMetadata>(out var its) && its.ProjectPath == project.ProjectPath).ToArray();
        using var change = await roster.ChangeAsync(sharing);
        var controllers = sharing.SelectMany(roster.Of).Where(controller => controller.Resource.InModel() == resource || controller.IsLive).ToArray();
        await Task.WhenAll(controllers.Select(controller => controller.StopAsync()));
        foreach (var controller in controllers)
            runtime.Notifications.Update(controller.Resource, snapshot => snapshot with { State = ProjectCommands.Building });
        try
        {
            await BuildAsync(resource, project.ProjectPath);
        }
        finally
        {
            await Task.WhenAll(controllers.Select(controller => controller.StartAsync()));
        }
    }

    private async Task BuildAsync(IResource resource, string path)
    {
        var began = runtime.Time.GetTimestamp();
        var log = runtime.Loggers.Log(resource.Name);
        var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value ?? "");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(roster.Closing);
        limit.CancelAfter(Limit);
        int exitCode;
        IReadOnlyList<string> output;
        log.Lifecycle($"building {path}");
        try
        {
            (exitCode, output) = await ProjectBuild.RunAsync(path, environment, ProcessMark.Of(runtime.Data, $"{resource.Name}-build"), log.Output, [], limit.Token);
        }
        catch (OperationCanceledException exception)
        {
            throw new DistributedApplicationException(roster.Closing.IsCancellationRequested
                ? $"The build of {resource.Name} was given up, because the application stops."
                : $"The build of {resource.Name} took longer than {Limit.TotalMinutes:0} minutes and was given up; what was built before runs again.", exception);
        }
        if (exitCode != 0)
            throw new DistributedApplicationException($"{resource.Name} does not build: {ProjectBuild.Failure(output)}; what was built before runs again.");
        log.Lifecycle(FormattableString.Invariant($"built in {runtime.Time.GetElapsedTime(began).TotalSeconds:0.0} s"));
    }
}

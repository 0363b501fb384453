using Aspire.Hosting;

namespace LocalHosting.Processes;

/// <summary>Runs the assembly of a project directly, without <c>dotnet run</c>. A project that the AppHost does not reference is built before its first start.</summary>
internal sealed class ProjectRecipe(IProjectMetadata project) : IProcessRecipe
{
    private readonly Lock _access = new();
    private Task<string>? _build;

    public async Task<ProcessRequest> PrepareAsync(LaunchContext context, CancellationToken cancellationToken)
    {
        var directory = Path.GetDirectoryName(project.ProjectPath)!;
        if (!File.Exists(project.ProjectPath))
            throw new DistributedApplicationException($"the project {project.ProjectPath} does not exist.");
        var assembly = (project as IBuiltProject)?.TargetPath ?? await BuiltAsync(context).WaitAsync(cancellationToken);
        return File.Exists(assembly)
            ? new ProcessRequest(ProjectBuild.DotNet, [assembly, .. context.Arguments], directory, context.Environment)
            : throw new DistributedApplicationException($"{assembly} does not exist; build the AppHost again.");
    }

    /// <summary>One build for all replicas, and for all starts once it has succeeded. It ends with the application at the latest, by its mark.</summary>
    private Task<string> BuiltAsync(LaunchContext context)
    {
        lock (_access)
            return _build is null or { IsFaulted: true } ? _build = BuildAsync(context) : _build;
    }

    private async Task<string> BuildAsync(LaunchContext context)
    {
        var (exitCode, output) = await ProjectBuild.RunAsync(project.ProjectPath, context.Environment, ProcessMark.Of(context.Data, $"{context.Resource.Name}-build"), (_, _) => { },
            ["-getProperty:TargetPath", "-t:Build"], CancellationToken.None);
        return exitCode == 0 && output.Count > 0
            ? output[^1].Trim()
            : throw new DistributedApplicationException($"the build of {project.ProjectPath} failed: {ProjectBuild.Failure(output)}");
    }
}

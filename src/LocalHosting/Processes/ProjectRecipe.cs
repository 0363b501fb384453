using Aspire.Hosting;
using LocalHosting.Running;

namespace LocalHosting.Processes;

/// <summary>Runs a project's built assembly directly: that starts in a fifth of the time of <c>dotnet run --no-build</c>.</summary>
internal sealed class ProjectRecipe(IProjectMetadata project) : IProcessRecipe
{
    private static readonly string DotNet =
        Environment.ProcessPath is { } self && Path.GetFileNameWithoutExtension(self) == "dotnet" ? self : Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    public async Task<ProcessRequest> PrepareAsync(LaunchContext context, CancellationToken cancellationToken)
    {
        var directory = Path.GetDirectoryName(project.ProjectPath)!;
        if (!File.Exists(project.ProjectPath))
            throw new DistributedApplicationException($"the project {project.ProjectPath} does not exist.");
        var assembly = (project as IBuiltProject)?.TargetPath ?? await BuildAsync(directory, context.Environment, cancellationToken);
        return File.Exists(assembly)
            ? new ProcessRequest(DotNet, [assembly, .. context.Arguments], directory, context.Environment)
            : throw new DistributedApplicationException($"{assembly} does not exist; build the AppHost again.");
    }

    private async Task<string> BuildAsync(string directory, Dictionary<string, string> environment, CancellationToken cancellationToken)
    {
        var build = new ProcessRequest(DotNet, ["build", project.ProjectPath, "--nologo", "-v:q", "-getProperty:TargetPath", "-t:Build"], directory, environment);
        var (exitCode, output) = await ShortProcess.RunAsync(build, cancellationToken);
        return exitCode == 0 && output.Count > 0
            ? output[^1].Trim()
            : throw new DistributedApplicationException($"the build of {project.ProjectPath} failed: {LogTail.MostTelling(output)}");
    }
}

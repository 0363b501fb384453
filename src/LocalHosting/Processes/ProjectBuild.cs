using System.Reflection;
using LocalHosting.Running;

namespace LocalHosting.Processes;

/// <summary>Builds a project while the application runs: in the configuration of the AppHost, and without build servers that would outlive the build.</summary>
internal static class ProjectBuild
{
    public static readonly string DotNet =
        Environment.ProcessPath is { } self && Path.GetFileNameWithoutExtension(self) == "dotnet" ? self : Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    private static readonly string Configuration = Assembly.GetEntryAssembly()?.GetCustomAttribute<AssemblyConfigurationAttribute>()?.Configuration ?? "Debug";

    // One build at a time: two would write the same files of what both projects reference.
    private static readonly SemaphoreSlim Turn = new(1, 1);

    /// <param name="projectPath">The project file.</param>
    /// <param name="environment">All of the build's environment.</param>
    /// <param name="mark">The text in the environment that tells its family.</param>
    /// <param name="output">Gets every line as it comes; true for standard error.</param>
    /// <param name="more">Further arguments of <c>dotnet build</c>.</param>
    /// <param name="cancellationToken">Kills the build.</param>
    public static async Task<(int ExitCode, IReadOnlyList<string> Output)> RunAsync(string projectPath, IReadOnlyDictionary<string, string> environment, string mark, Action<string, bool> output,
        IEnumerable<string> more, CancellationToken cancellationToken)
    {
        var build = new ProcessRequest(DotNet,
            ["build", projectPath, "--nologo", "-v:q", "-clp:NoSummary", "-nodeReuse:false", "-p:UseSharedCompilation=false", "-c", Configuration, .. more],
            Path.GetDirectoryName(projectPath)!, environment);
        await Turn.WaitAsync(cancellationToken);
        try
        {
            return await ShortProcess.RunAsync(build, mark, output, cancellationToken);
        }
        finally
        {
            Turn.Release();
        }
    }

    /// <summary>The first error of a build that failed.</summary>
    public static string Failure(IReadOnlyList<string> output) =>
        output.FirstOrDefault(line => line.Contains(": error ", StringComparison.Ordinal))?.Trim() ?? LogTail.MostTelling(output);
}

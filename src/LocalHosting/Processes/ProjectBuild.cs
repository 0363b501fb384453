using System.Reflection;
using LocalHosting.Running;

namespace LocalHosting.Processes;

/// <summary>How a project is built while the application runs: as the AppHost was, and without build servers that would outlive the build.</summary>
internal static class ProjectBuild
{
    public static readonly string DotNet =
        Environment.ProcessPath is { } self && Path.GetFileNameWithoutExtension(self) == "dotnet" ? self : Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    private static readonly string Configuration = Assembly.GetEntryAssembly()?.GetCustomAttribute<AssemblyConfigurationAttribute>()?.Configuration ?? "Debug";

    public static ProcessRequest Request(string projectPath, IReadOnlyDictionary<string, string> environment, params string[] more) =>
        new(DotNet, ["build", projectPath, "--nologo", "-v:q", "-clp:NoSummary", "-nodeReuse:false", "-p:UseSharedCompilation=false", "-c", Configuration, .. more],
            Path.GetDirectoryName(projectPath)!, environment);

    /// <summary>The first error of a build that failed.</summary>
    public static string Failure(IReadOnlyList<string> output) =>
        output.FirstOrDefault(line => line.Contains(": error ", StringComparison.Ordinal))?.Trim() ?? LogTail.MostTelling(output);
}

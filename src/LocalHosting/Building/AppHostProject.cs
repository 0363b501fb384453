using System.Reflection;
using Aspire.Hosting;

namespace LocalHosting.Building;

/// <summary>The AppHost's own project, whose directory the build records in its assembly.</summary>
internal sealed class AppHostProject(string directory) : IProjectMetadata
{
    public string ProjectPath => Path.Combine(directory, "AppHost.csproj");

    public static string? DirectoryOf(Assembly? appHost) =>
        appHost?.GetCustomAttributes<AssemblyMetadataAttribute>().FirstOrDefault(attribute => attribute.Key == "apphostprojectpath")?.Value;
}

using System.Net.Sockets;
using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting;

/// <summary>Reads a project's <c>launchSettings.json</c>: endpoints from its addresses, environment variables and arguments.</summary>
internal static class LaunchProfiles
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    /// <summary>The named profile, else the one the AppHost itself was started with, else the first that runs the project. Null if there is none.</summary>
    /// <exception cref="DistributedApplicationException">The named profile does not exist.</exception>
    public static (string Name, LaunchProfile Profile)? Select(IProjectMetadata project, string? named, IConfiguration configuration)
    {
        var profiles = (project.LaunchSettings ?? Read(project.ProjectPath))?.Profiles ?? [];
        if (named is not null)
        {
            return profiles.TryGetValue(named, out var asked)
                ? (named, asked)
                : throw new DistributedApplicationException($"The project {project.ProjectPath} has no launch profile '{named}'.");
        }
        var own = configuration["DOTNET_LAUNCH_PROFILE"] ?? configuration["AppHost:DefaultLaunchProfileName"];
        if (own is not null && profiles.TryGetValue(own, out var same))
            return (own, same);
        return profiles.Where(entry => entry.Value.CommandName is null or "" or "Project" or "Executable")
            .Select(entry => ((string, LaunchProfile)?)(entry.Key, entry.Value))
            .FirstOrDefault();
    }

    public static void Apply(IResourceBuilder<ProjectResource> project, string name, LaunchProfile profile)
    {
        foreach (var url in profile.ApplicationUrl?.Split(';', StringSplitOptions.RemoveEmptyEntries) ?? [])
        {
            var address = new Uri(url.Replace("//*", "//localhost", StringComparison.Ordinal).Replace("//+", "//localhost", StringComparison.Ordinal));
            var same = project.Resource.GetEndpoints().Count(endpoint => endpoint.Scheme == address.Scheme);
            project.WithAnnotation(new EndpointAnnotation(ProtocolType.Tcp, address.Scheme,
                name: same == 0 ? address.Scheme : $"{address.Scheme}{same + 1}", port: address.Port == 0 ? null : address.Port)
            {
                TargetHost = address.Host,
            });
        }
        project.WithEnvironment(context =>
        {
            context.EnvironmentVariables.TryAdd("DOTNET_LAUNCH_PROFILE", name);
            foreach (var (variable, value) in profile.EnvironmentVariables)
                context.EnvironmentVariables.TryAdd(variable, Environment.ExpandEnvironmentVariables(value));
        });
        if (profile.CommandLineArgs is { Length: > 0 } arguments)
            project.WithArgs(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    private static LaunchSettings? Read(string projectPath)
    {
        var file = Path.Combine(Path.GetDirectoryName(projectPath)!, "Properties", "launchSettings.json");
        try
        {
            return File.Exists(file) ? JsonSerializer.Deserialize<LaunchSettings>(File.ReadAllText(file), Format) : null;
        }
        catch (JsonException exception)
        {
            throw new DistributedApplicationException($"{file} is not valid: {exception.Message}", exception);
        }
    }
}

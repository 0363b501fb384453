using System.Reflection;
using Aspire.Hosting;
using LocalHosting.Building;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace LocalHosting.Testing;

/// <summary>What an application under test gets where an AppHost's process has a terminal, a launch profile and a data directory.</summary>
internal sealed class TestDefaults(Assembly? appHost, string[] args)
{
    private readonly string? _ownData = args.Any(argument => argument == "--data" || argument.StartsWith("--data=", StringComparison.Ordinal)) ? null : NewDirectory();

    public void Apply(DistributedApplicationOptions options, HostApplicationBuilderSettings settings)
    {
        options.AssemblyName ??= appHost?.GetName().Name;
        options.DisableDashboard = true;
        options.EnableResourceLogging = true;
        if (options.Args is null or [])
            options.Args = args;
        settings.Configuration = new ConfigurationManager();
        settings.Configuration.AddInMemoryCollection(LaunchProfile());
        settings.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["data"] = _ownData, ["DcpPublisher:RandomizePorts"] = "true" });
    }

    public void RemoveData()
    {
        if (_ownData is not null)
            Directory.Delete(_ownData, recursive: true);
    }

    // Servers may run as another user, who has to pass through.
    private static string NewDirectory()
    {
        var directory = Directory.CreateTempSubdirectory("aspire-test-").FullName;
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        return directory;
    }

    /// <summary>The variables of the AppHost's own profile as configuration: there is no process of its own that could have them as its environment.</summary>
    private IEnumerable<KeyValuePair<string, string?>> LaunchProfile()
    {
        if (AppHostProject.DirectoryOf(appHost) is not { } directory
            || LaunchProfiles.Select(new AppHostProject(directory), named: null, new ConfigurationBuilder().AddEnvironmentVariables().Build()) is not var (name, profile))
        {
            yield break;
        }
        yield return new("DOTNET_LAUNCH_PROFILE", name);
        if (profile.ApplicationUrl is { } urls)
            yield return new("ASPNETCORE_URLS", urls);
        foreach (var (variable, value) in profile.EnvironmentVariables)
        {
            var expanded = Environment.ExpandEnvironmentVariables(value);
            yield return new(variable.Replace("__", ":", StringComparison.Ordinal), expanded);
            if (variable is "DOTNET_ENVIRONMENT" or "ASPNETCORE_ENVIRONMENT")
                yield return new(HostDefaults.EnvironmentKey, expanded);
        }
    }
}

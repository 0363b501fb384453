using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;

namespace LocalHosting.Building;

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
        if (!string.IsNullOrEmpty(named))
        {
            return profiles.TryGetValue(named, out var asked)
                ? (named, asked)
                : throw new DistributedApplicationException($"The project {project.ProjectPath} has no launch profile '{named}'; name one of its launchSettings.json.");
        }
        var own = configuration["AppHost:DefaultLaunchProfileName"] ?? configuration["DOTNET_LAUNCH_PROFILE"];
        if (own is not null && profiles.TryGetValue(own, out var same))
            return (own, same);
        return profiles.Where(entry => entry.Value.CommandName is null or "" or "Project" or "Executable")
            .Select(entry => ((string, LaunchProfile)?)(entry.Key, entry.Value))
            .FirstOrDefault();
    }

    /// <summary>An endpoint for each address, named by its scheme: <c>http</c>, <c>https</c>, then <c>http2</c> and so on.</summary>
    public static void AddEndpoints(IResourceBuilder<ProjectResource> project, LaunchProfile profile)
    {
        var addresses = (profile.ApplicationUrl?.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [])
            .Select(url => KestrelEndpoints.Parse(url, $"The applicationUrl of a launch profile of '{project.Resource.Name}'")).ToArray();
        var names = addresses.Select((address, i) => (address.Scheme, Same: addresses.Take(i).Count(other => other.Scheme == address.Scheme)))
            .Select(entry => entry.Same == 0 ? entry.Scheme : $"{entry.Scheme}{entry.Same + 1}").ToArray();
        foreach (var (name, address) in names.Zip(addresses))
            project.WithEndpoint(name, endpoint => KestrelEndpoints.Describe(endpoint, address));
        if (profile.LaunchUrl is { Length: > 0 } page)
        {
            project.WithUrls(context =>
            {
                foreach (var url in context.Urls.Where(url => url.Endpoint is { } endpoint && names.Contains(endpoint.EndpointName)))
                    url.Url = new Uri(new Uri(url.Url), page).ToString();
            });
        }
    }

    /// <summary>Its variables, where nothing else has set them, and its arguments, before those of the AppHost.</summary>
    public static void AddValues(IResourceBuilder<ProjectResource> project, string name, LaunchProfile profile)
    {
        project.WithEnvironment(context =>
        {
            if (context.ExecutionContext.IsPublishMode)
                return;
            context.EnvironmentVariables.TryAdd("DOTNET_LAUNCH_PROFILE", name);
            foreach (var (variable, value) in profile.EnvironmentVariables)
                context.EnvironmentVariables.TryAdd(variable, Environment.ExpandEnvironmentVariables(value));
        });
        var arguments = Words(profile.CommandLineArgs ?? "");
        if (arguments.Count > 0 && project.ApplicationBuilder.ExecutionContext.IsRunMode)
            project.WithArgs([.. arguments]);
    }

    /// <summary>Splits at spaces, except within double quotes; a backslash keeps the quote after it.</summary>
    private static List<string> Words(string line)
    {
        var words = new List<string>();
        var word = new System.Text.StringBuilder();
        var (isQuoted, isWord) = (false, false);
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] == '\\' && i + 1 < line.Length && line[i + 1] == '"')
            {
                word.Append(line[++i]);
                isWord = true;
            }
            else if (line[i] == '"')
            {
                isQuoted = !isQuoted;
                isWord = true;
            }
            else if (line[i] == ' ' && !isQuoted)
            {
                End();
            }
            else
            {
                word.Append(line[i]);
                isWord = true;
            }
        }
        End();
        return words;

        void End()
        {
            if (isWord)
                words.Add(word.ToString());
            word.Clear();
            isWord = false;
        }
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

using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;

[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace PhotoPlatform.SystemTests;

/// <summary>The whole platform: the AppHost in this process, and everything that it starts.</summary>
public sealed class Platform : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(3);
    private readonly DistributedApplication _app;

    private Platform(DistributedApplication app, string data) => (_app, Data) = (app, data);

    public string Data { get; }

    public Uri Address => _app.GetEndpoint("gateway");

    /// <summary>Starts a copy and returns when everything in it is healthy.</summary>
    public static async Task<Platform> StartAsync(string topology, IReadOnlyDictionary<string, string> environment)
    {
        using var limit = new CancellationTokenSource(StartLimit);
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(["--topology", topology], (options, _) => options.EnableResourceLogging = false, limit.Token);
        foreach (var project in builder.Resources.OfType<ProjectResource>())
        {
            foreach (var (name, value) in environment)
                builder.CreateResourceBuilder(project).WithEnvironment(name, value);
        }
        var platform = new Platform(await builder.BuildAsync(limit.Token), builder.Configuration["data"]!);
        try
        {
            await platform._app.StartAsync(limit.Token);
            var checkedOnes = builder.Resources.Where(resource => resource.TryGetLastAnnotation<HealthCheckAnnotation>(out _));
            await Task.WhenAll(checkedOnes.Select(resource => platform._app.ResourceNotifications.WaitForResourceHealthyAsync(resource.Name, limit.Token)));
            return platform;
        }
        catch
        {
            await platform.DisposeAsync();
            throw;
        }
    }

    /// <summary>A resource, or one of its replicas, as it is now.</summary>
    public ResourceState Resource(string name) => Find(name) ?? throw new ArgumentException($"There is no resource '{name}'.", nameof(name));

    /// <summary>The processes of a resource: its replicas, or the resource itself.</summary>
    public IReadOnlyList<ResourceState> Instances(string name)
    {
        var replicas = Enumerable.Range(1, 100).Select(number => Find($"{name}-{number}")).TakeWhile(replica => replica is not null).OfType<ResourceState>().ToArray();
        return replicas.Length > 0 ? replicas : [Resource(name)];
    }

    /// <summary>A command of <see cref="KnownResourceCommands"/>.</summary>
    public async Task CommandAsync(string resource, string command)
    {
        var result = await _app.ResourceCommands.ExecuteCommandAsync(resource, command);
        Assert.True(result.Success, result.ErrorMessage);
    }

    /// <summary>Kills the process of a resource without a chance to clean up.</summary>
    public void Kill(string resource) => Process.GetProcessById(Resource(resource).Pid!.Value).Kill();

    /// <summary>A client of the development inbox.</summary>
    public HttpClient CreateInboxClient() => _app.CreateHttpClient("mail");

    /// <summary>The mails to an address as they came over the wire.</summary>
    public List<string> MailFiles(string email)
    {
        var folder = Path.Combine(Data, "mail", "new");
        return Directory.Exists(folder)
            ? [.. Directory.EnumerateFiles(folder).Select(File.ReadAllText).Where(mail => mail.Contains($"To: {email}", StringComparison.Ordinal))]
            : [];
    }

    /// <summary>Their texts, as the development inbox shows them.</summary>
    public async Task<List<string>> MailTextsAsync(string email)
    {
        using var inbox = CreateInboxClient();
        var listed = await inbox.GetFromJsonAsync<JsonElement>(new Uri($"/api/messages?to={Uri.EscapeDataString(email)}", UriKind.Relative));
        return [.. (listed.ValueKind == JsonValueKind.Array ? listed : listed.GetProperty("messages")).EnumerateArray().Select(message => message.GetProperty("text").GetString()!)];
    }

    /// <summary>The log lines of all resources as they are now.</summary>
    public IEnumerable<(string Resource, JsonElement Line)> LogLines()
    {
        foreach (var resource in Directory.EnumerateFiles(Path.Combine(Data, "logs"), "*.log").Select(Path.GetFileNameWithoutExtension).OfType<string>())
        {
            foreach (var text in LogTexts(resource))
            {
                if (text.IndexOf('{', StringComparison.Ordinal) is >= 0 and var start && TryParse(text[start..]) is { } line)
                    yield return (resource, line);
            }
        }
    }

    /// <summary>The log of one process as it is now.</summary>
    public IEnumerable<string> LogTexts(string resource)
    {
        using var reader = new StreamReader(new FileStream(Path.Combine(Data, "logs", resource + ".log"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        while (reader.ReadLine() is { } text)
            yield return text;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private ResourceState? Find(string name) =>
        _app.ResourceNotifications.TryGetCurrentState(name, out var found) ? new ResourceState(name, found.Snapshot) : null;

    private static JsonElement? TryParse(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<JsonElement>(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>What is known of a resource at one moment.</summary>
public sealed record ResourceState(string Name, CustomResourceSnapshot Snapshot)
{
    public string? State => Snapshot.State?.Text;

    public string? Health => Snapshot.HealthStatus?.ToString();

    public int? Pid => Property("executable.pid");

    public int Restarts => Property("restarts") ?? 0;

    public Uri Url => new(Snapshot.Urls[0].Url);

    private int? Property(string name) => Snapshot.Properties.FirstOrDefault(property => property.Name == name)?.Value as int?;
}

/// <summary>The copy that the tests of one topology share; its traces go to a collector of the tests' own.</summary>
public abstract class SharedPlatform(string topology) : IAsyncLifetime
{
    public Platform Platform { get; private set; } = null!;

    public TraceCollector Traces { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Traces = await TraceCollector.StartAsync();
        Platform = await Platform.StartAsync(topology, new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = Traces.Address.ToString(),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
        });
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Platform.DisposeAsync();
        await Traces.DisposeAsync();
    }
}

using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;

namespace PhotoPlatform.LocalHosting.Tests;

/// <summary>An application in the test's own process, without a dashboard.</summary>
internal sealed class TestApplication : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly TemporaryDirectory _data = new();
    private DistributedApplication? _application;

    public TestApplication(params string[] args)
    {
        Builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
        {
            Args = ["--data", _data.Path, .. args],
            DisableDashboard = true,
            ProjectDirectory = AppContext.BaseDirectory,
        });
    }

    public IDistributedApplicationBuilder Builder { get; }

    public string Data => _data.Path;

    public DistributedApplication Application => _application ??= Builder.Build();

    public ResourceNotificationService Notifications => Application.ResourceNotifications;

    public IResourceBuilder<ProjectResource> Service(string name) => Builder.AddProject<Projects.LocalHosting_SampleService>(name);

    public IResourceBuilder<ProjectResource> WebService(string name) => Service(name).WithHttpEndpoint().WithHttpHealthCheck("/health");

    /// <summary>A process that does nothing until it is stopped.</summary>
    public IResourceBuilder<ExecutableResource> Sleeper(string name) => Builder.AddExecutable(name, "sleep", "/", "1000");

    public static async Task<T> GetAsync<T>(IResourceBuilder<ProjectResource> service, string path)
    {
        using var client = new HttpClient();
        return (await client.GetFromJsonAsync<T>(new Uri(new Uri(service.GetEndpoint("http").Url), path)))!;
    }

    /// <summary>The content of run.json.</summary>
    public JsonElement Run => JsonDocument.Parse(File.ReadAllText(Path.Combine(Data, "run.json"))).RootElement;

    /// <summary>Starts everything, and waits until the resource is healthy.</summary>
    public async Task StartAsync(string resource)
    {
        await Application.StartAsync().WaitAsync(Limit);
        await Notifications.WaitForResourceHealthyAsync(resource).WaitAsync(Limit);
    }

    /// <summary>Asks at the control address for so many replicas, as another program would.</summary>
    public async Task ScaleAsync(string resource, int replicas)
    {
        var (status, sentence) = await PostAsync($"/api/resources/{resource}/scale?replicas={replicas}");
        Assert.Equal((HttpStatusCode.OK, null), (status, sentence));
    }

    /// <summary>What the control address answers: the status and, if it refuses, its sentence.</summary>
    public async Task<(HttpStatusCode Status, string? Sentence)> PostAsync(string path)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Run.GetProperty("control").GetString() + path));
        request.Headers.Add("X-Control-Token", Run.GetProperty("controlToken").GetString());
        using var answer = await client.SendAsync(request);
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>();
        return (answer.StatusCode, body.TryGetProperty("detail", out var detail) ? detail.GetString() : null);
    }

    /// <summary>Waits for a line of the resource's log.</summary>
    public Task<string> LogLineAsync(string resource, string part) => LogLinesAsync(resource, part, 1);

    /// <summary>Waits until so many lines of the resource's log have the text; the last of them.</summary>
    public async Task<string> LogLinesAsync(string resource, string part, int count)
    {
        await foreach (var batch in Application.Services.GetRequiredService<ResourceLoggerService>().WatchAsync(resource))
        {
            foreach (var line in batch)
            {
                if (line.Content.Contains(part, StringComparison.Ordinal) && --count == 0)
                    return line.Content;
            }
        }
        throw new InvalidOperationException("The log ended.");
    }

    public async ValueTask DisposeAsync()
    {
        await Application.DisposeAsync();
        _data.Dispose();
    }
}

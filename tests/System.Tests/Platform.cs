using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using PhotoPlatform.Testing;

[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace PhotoPlatform.SystemTests;

/// <summary>The whole platform as <c>./run</c> starts it: the AppHost's process and everything below it.</summary>
public sealed partial class Platform : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(3);
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HttpClient _dashboard = new();

    private Platform(string data, int gatewayPort, int dashboardPort, IReadOnlyDictionary<string, string>? environment, string topology)
    {
        (Data, GatewayPort, DashboardPort) = (data, gatewayPort, dashboardPort);
        string[] arguments = [Repository.Program("src/AppHost", "AppHost"), "--topology", topology, "--data", data, "--gateway-port", Text(gatewayPort), "--dashboard-port", Text(dashboardPort)];
        var start = new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Received(line.Data);
        _process.ErrorDataReceived += (_, line) => Received(line.Data);
    }

    public string Data { get; }

    public int GatewayPort { get; }

    public int DashboardPort { get; }

    public Uri Address => new($"http://localhost:{Text(GatewayPort)}");

    /// <summary>What the AppHost wrote.</summary>
    public string Output => string.Join('\n', _output);

    /// <summary>A new data folder that PostgreSQL's user can reach too.</summary>
    public static string NewFolder()
    {
        var folder = Directory.CreateTempSubdirectory("photoplatform-system-").FullName;
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        return folder;
    }

    /// <summary>Starts a copy and returns when it says that it is ready.</summary>
    public static async Task<Platform> StartAsync(string data, IReadOnlyDictionary<string, string>? environment = null, string topology = SinglePlatform.Name)
    {
        var platform = Launch(data, FreePort(), FreePort(), environment, topology);
        var first = await Task.WhenAny(platform._ready.Task, platform._process.WaitForExitAsync()).WaitAsync(StartLimit);
        if (first != platform._ready.Task)
            throw new InvalidOperationException($"The platform did not start:\n{platform.Output}");
        return platform;
    }

    /// <summary>Starts a copy without waiting for it.</summary>
    public static Platform Launch(string data, int gatewayPort, int dashboardPort, IReadOnlyDictionary<string, string>? environment = null,
        string topology = SinglePlatform.Name)
    {
        var platform = new Platform(data, gatewayPort, dashboardPort, environment, topology);
        platform._process.Start();
        platform._process.BeginOutputReadLine();
        platform._process.BeginErrorReadLine();
        return platform;
    }

    public static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>The resources as the dashboard shows them.</summary>
    public async Task<IReadOnlyList<ResourceState>> ResourcesAsync()
    {
        var answer = await _dashboard.GetFromJsonAsync<DashboardAnswer>(new Uri($"http://localhost:{Text(DashboardPort)}/api/resources"));
        return answer!.Resources;
    }

    public async Task<ResourceState> ResourceAsync(string name) => (await ResourcesAsync()).Single(resource => resource.Name == name);

    /// <summary>The processes of a resource: its replicas, or the resource itself.</summary>
    public async Task<IReadOnlyList<ResourceState>> InstancesAsync(string name)
    {
        var resources = await ResourcesAsync();
        return [.. resources.Where(resource => resource.Replicas == 0 && (resource.Name == name || resource.Parent == name))];
    }

    /// <summary>start, stop or restart, as the dashboard's buttons do.</summary>
    public async Task CommandAsync(string resource, string command)
    {
        var run = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Data, "run.json")));
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"http://localhost:{Text(DashboardPort)}/api/resources/{resource}/{command}"));
        request.Headers.Add("X-Control-Token", run.RootElement.GetProperty("controlToken").GetString());
        (await _dashboard.SendAsync(request)).EnsureSuccessStatusCode();
    }

    /// <summary>Kills the process of a resource without a chance to clean up.</summary>
    public async Task KillAsync(string resource)
    {
        var state = await ResourceAsync(resource);
        Process.GetProcessById(state.Pid!.Value).Kill();
    }

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
        var inbox = (await ResourceAsync("mail")).Urls.Select(url => url.Url).First(url => url.StartsWith("http:", StringComparison.Ordinal));
        var listed = await _dashboard.GetFromJsonAsync<JsonElement>(new Uri(new Uri(inbox), $"/api/messages?to={Uri.EscapeDataString(email)}"));
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

    /// <summary>Sends a signal to the AppHost and returns its exit code when it has ended.</summary>
    public async Task<int> StopAsync(string signal = "TERM")
    {
        if (!_process.HasExited)
        {
            using var kill = Process.Start("kill", ["-s", signal, Text(_process.Id)]);
            await kill.WaitForExitAsync();
        }
        return await ExitAsync();
    }

    public async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(StartLimit);
        return _process.ExitCode;
    }

    /// <summary>Command lines of processes that work in or for this copy's data folder.</summary>
    public IReadOnlyList<string> ProcessesLeft() =>
        [.. Directory.EnumerateDirectories("/proc").Where(folder => int.TryParse(Path.GetFileName(folder), out var id) && id != Environment.ProcessId)
            .Where(folder => Contains(Path.Combine(folder, "environ")) || Contains(Path.Combine(folder, "cmdline")))
            .Select(folder => File.ReadAllText(Path.Combine(folder, "cmdline")).Replace('\0', ' '))];

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _process.Dispose();
        _dashboard.Dispose();
        Directory.Delete(Data, recursive: true);
    }

    private bool Contains(string file)
    {
        try
        {
            return File.ReadAllText(file).Contains(Data, StringComparison.Ordinal);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

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

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private void Received(string? line)
    {
        if (line is null)
            return;
        _output.Enqueue(line);
        if (ReadyLine().IsMatch(line))
            _ready.TrySetResult();
    }

    [GeneratedRegex(@"^PhotoPlatform is ready: http://localhost:\d+ - dashboard http://localhost:\d+$")]
    private static partial Regex ReadyLine();

    private sealed record DashboardAnswer(IReadOnlyList<ResourceState> Resources);
}

/// <summary>A resource as the dashboard shows it.</summary>
public sealed record ResourceState(string Name, string? Parent, int Replicas, string State, string? Health, int? Pid, int Restarts, IReadOnlyList<ResourceUrl> Urls);

public sealed record ResourceUrl(string Url);

/// <summary>The copy that the tests of one topology share; its traces go to a collector of the tests' own.</summary>
public abstract class SharedPlatform(string topology) : IAsyncLifetime
{
    public Platform Platform { get; private set; } = null!;

    public TraceCollector Traces { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Traces = await TraceCollector.StartAsync();
        Platform = await Platform.StartAsync(Platform.NewFolder(), new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = Traces.Address.ToString(),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
        }, topology);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Platform.DisposeAsync();
        await Traces.DisposeAsync();
    }
}

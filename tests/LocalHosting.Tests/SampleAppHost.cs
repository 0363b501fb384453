using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;

namespace PhotoPlatform.LocalHosting.Tests;

/// <summary>The sample AppHost as a process of its own, with its output.</summary>
internal sealed class SampleAppHost : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();
    private readonly ConcurrentQueue<string> _seen = [];
    private readonly Task _output;

    private SampleAppHost(Process process, string data)
    {
        _process = process;
        Data = data;
        _output = Task.WhenAll(ReadAsync(process.StandardOutput), ReadAsync(process.StandardError)).ContinueWith(_ => _lines.Writer.Complete(), TaskScheduler.Default);
    }

    public string Data { get; }

    public int Pid => _process.Id;

    /// <summary>Everything written so far, in lines.</summary>
    public string Output => string.Join('\n', _seen);

    public JsonElement Run => JsonDocument.Parse(File.ReadAllText(Path.Combine(Data, "run.json"))).RootElement;

    public static SampleAppHost Start(string data, string topology, params string[] args) => Start(data, topology, path: null, args);

    /// <param name="data">The data directory.</param>
    /// <param name="topology">Which of the sample's topologies.</param>
    /// <param name="path">Where programs are looked for; null: where the test itself looks.</param>
    /// <param name="args">More options.</param>
    public static SampleAppHost Start(string data, string topology, string? path, string[] args)
    {
        var start = new ProcessStartInfo("dotnet",
            [new Projects.LocalHosting_Sample().TargetPath, "--topology", topology, "--data", data, "--dashboard-port", "0", .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] = path ?? Environment.GetEnvironmentVariable("PATH");
        return new SampleAppHost(Process.Start(start)!, data);
    }

    public int Port(string endpoint) => Run.GetProperty("ports").GetProperty(endpoint).GetInt32();

    public string Secret(string name) =>
        JsonDocument.Parse(File.ReadAllText(Path.Combine(Data, "secrets.json"))).RootElement.GetProperty($"Parameters:{name}").GetString()!;

    /// <summary>The processes of this AppHost that are alive now, told by the data directory in their environment or their command line.</summary>
    public IReadOnlyList<int> LivingChildren()
    {
        var living = new List<int>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), out var pid) || pid == Pid)
                continue;
            try
            {
                // Those of a zombie are empty. PostgreSQL overwrites its environment.
                if ((File.ReadAllText($"{directory}/environ") + File.ReadAllText($"{directory}/cmdline")).Contains(Data, StringComparison.Ordinal))
                    living.Add(pid);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // It ended meanwhile.
            }
        }
        return living;
    }

    public async Task<string> LineAsync(string part)
    {
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await foreach (var line in _lines.Reader.ReadAllAsync(limit.Token))
            {
                if (line.Contains(part, StringComparison.Ordinal))
                    return line;
            }
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"No line with '{part}' in time; there was:\n{Output}");
        }
        throw new InvalidOperationException($"The AppHost ended without a line with '{part}'; there was:\n{Output}");
    }

    public async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Limit);
        await _output;
        return _process.ExitCode;
    }

    public async Task<int> StopAsync()
    {
        await SignalAsync("TERM");
        return await ExitAsync();
    }

    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", ["-s", signal, $"{Pid}"]);
        await kill.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await StopAsync();
        _process.Dispose();
    }

    private async Task ReadAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            _seen.Enqueue(line);
            _lines.Writer.TryWrite(line);
        }
    }
}

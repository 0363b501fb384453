using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using PhotoPlatform.Testing;

namespace PhotoPlatform.SystemTests;

/// <summary>The AppHost as <c>./run</c> starts it: a process of its own and everything below it.</summary>
internal sealed partial class AppHostProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(3);
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string _data;

    private AppHostProcess(string data, int gatewayPort, string[] more)
    {
        _data = data;
        Address = new Uri($"http://localhost:{Text(gatewayPort)}");
        string[] arguments = [Repository.Program("src/AppHost", "AppHost"), "--data", data, "--gateway-port", Text(gatewayPort), "--dashboard-port", Text(FreePort()), .. more];
        _process = new Process { StartInfo = new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true } };
        _process.OutputDataReceived += (_, line) => Received(line.Data);
        _process.ErrorDataReceived += (_, line) => Received(line.Data);
    }

    public Uri Address { get; }

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
    public static async Task<AppHostProcess> StartAsync(string data)
    {
        var platform = Launch(data, FreePort());
        var first = await Task.WhenAny(platform._ready.Task, platform._process.WaitForExitAsync()).WaitAsync(StartLimit);
        if (first != platform._ready.Task)
            throw new InvalidOperationException($"The platform did not start:\n{platform.Output}");
        return platform;
    }

    /// <summary>Starts a copy without waiting for it.</summary>
    public static AppHostProcess Launch(string data, int gatewayPort, params string[] more)
    {
        var platform = new AppHostProcess(data, gatewayPort, more);
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
        Directory.Delete(_data, recursive: true);
    }

    private bool Contains(string file)
    {
        try
        {
            return File.ReadAllText(file).Contains(_data, StringComparison.Ordinal);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
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
}

using System.Diagnostics;
using System.Text;

namespace LocalHosting.Processes;

/// <summary>A running process in a session of its own, so that Ctrl+C at the terminal reaches only the AppHost.</summary>
internal sealed class ChildProcess
{
    private readonly Process _process;
    private readonly ProcessRequest _request;
    private readonly string _mark;

    private ChildProcess(Process process, ProcessRequest request, string mark, Action<string, bool> output)
    {
        _process = process;
        _request = request;
        _mark = mark;
        Pid = process.Id;
        StartTime = ProcessTable.Find(Pid)?.StartTime ?? 0;
        Exited = WaitAsync(output);
    }

    public int Pid { get; }

    public long StartTime { get; }

    public Signal StopSignal => _request.StopSignal;

    /// <summary>The exit code, 128 + N after signal N. Complete when the output is read and nothing of the process's family is left.</summary>
    public Task<int> Exited { get; }

    /// <param name="request">What to run.</param>
    /// <param name="mark">The text in the environment that tells the family; see <see cref="ProcessMark"/>.</param>
    /// <param name="output">Gets every line; true for standard error.</param>
    public static ChildProcess Start(ProcessRequest request, string mark, Action<string, bool> output)
    {
        // setsid and setpriv replace themselves by the program, so the process id stays.
        string[] user = request.RunAs is null ? [] : ["setpriv", $"--reuid={request.RunAs}", $"--regid={request.RunAs}", "--clear-groups", "--"];
        var start = new ProcessStartInfo("setsid", [.. user, request.Program, .. request.Arguments])
        {
            WorkingDirectory = request.WorkingDirectory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        start.Environment.Clear();
        foreach (var (name, value) in request.Environment)
            start.Environment[name] = value;
        var split = mark.IndexOf('=', StringComparison.Ordinal);
        start.Environment[mark[..split]] = mark[(split + 1)..];

        var process = Process.Start(start)!;
        try
        {
            process.StandardInput.Write(request.StandardInput);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended before it read; its exit code says more.
        }
        return new ChildProcess(process, request, mark, output);
    }

    /// <summary>Asks the process to stop; kills its whole family when the grace is over or <paramref name="impatient"/> is cancelled.</summary>
    /// <returns>The grace that was not enough; null if it was, or if patience ended first.</returns>
    public async Task<TimeSpan?> StopAsync(TimeSpan longestGrace, CancellationToken impatient)
    {
        Signals.Send(Pid, _request.StopSignal);
        var grace = _request.Grace < longestGrace ? _request.Grace : longestGrace;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(impatient);
        patience.CancelAfter(grace);
        try
        {
            await Exited.WaitAsync(patience.Token);
            return null;
        }
        catch (OperationCanceledException)
        {
            Kill();
            await Exited;
            return impatient.IsCancellationRequested ? null : grace;
        }
    }

    public void Kill()
    {
        foreach (var member in ProcessTable.Family(Pid, _mark))
            Signals.Send(member.Pid, Signal.Kill);
    }

    private async Task<int> WaitAsync(Action<string, bool> output)
    {
        var pumps = Task.WhenAll(PumpAsync(_process.StandardOutput, false, output), PumpAsync(_process.StandardError, true, output));
        await _process.WaitForExitAsync();
        Kill();
        try
        {
            await pumps.WaitAsync(TimeSpan.FromSeconds(2));
        }
        catch (TimeoutException)
        {
            // Somebody outside the family holds the pipe; the process itself is gone.
        }
        var exitCode = _process.ExitCode;
        _process.Dispose();
        return exitCode;
    }

    private static async Task PumpAsync(StreamReader reader, bool isError, Action<string, bool> output)
    {
        try
        {
            while (await reader.ReadLineAsync() is { } line)
                output(line, isError);
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // The pipe was closed with the process.
        }
    }
}

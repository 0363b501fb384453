using System.Diagnostics;
using LocalHosting.Running;

namespace LocalHosting.Processes;

/// <summary>A small shell that outlives this process only to kill the children of an AppHost that was killed.</summary>
internal sealed class Watchdog : IDisposable
{
    private readonly Lock _access = new();
    private readonly Process _shell;

    public Watchdog(DataDirectory data)
    {
        using var reader = new StreamReader(typeof(Watchdog).Assembly.GetManifestResourceStream("watchdog.sh")!);
        var start = new ProcessStartInfo("setsid", ["sh", "-c", reader.ReadToEnd(), "localhosting-watchdog", ProcessMark.OfRun(data)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        start.Environment.Remove(ProcessMark.Variable);
        _shell = Process.Start(start)!;
    }

    public void Started(ChildProcess process) => Tell($"+ {process.Pid} {(process.StopSignal == Signal.Interrupt ? "INT" : "TERM")}");

    public void Ended(ChildProcess process) => Tell($"- {process.Pid}");

    /// <summary>Ends the shell; it kills what has not ended.</summary>
    public void Dispose()
    {
        _shell.StandardInput.Close();
        _shell.WaitForExit();
        _shell.Dispose();
    }

    private void Tell(string line)
    {
        lock (_access)
        {
            try
            {
                _shell.StandardInput.WriteLine(line);
                _shell.StandardInput.Flush();
            }
            catch (IOException)
            {
                // Somebody killed the shell. The processes run on; the next start finds leftovers without it.
            }
        }
    }
}

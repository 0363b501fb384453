namespace LocalHosting.Processes;

/// <summary>Runs a program to its end and collects what it wrote.</summary>
internal static class ShortProcess
{
    public static async Task<(int ExitCode, IReadOnlyList<string> Output)> RunAsync(ProcessRequest request, CancellationToken cancellationToken)
    {
        var lines = new List<string>();
        var access = new Lock();
        var process = ChildProcess.Start(request, $"{ProcessMark.Variable}=step-{Guid.NewGuid()}", (line, _) =>
        {
            lock (access)
                lines.Add(line);
        });
        await using var cancelled = cancellationToken.Register(process.Kill);
        var exitCode = await process.Exited;
        cancellationToken.ThrowIfCancellationRequested();
        lock (access)
            return (exitCode, [.. lines]);
    }
}

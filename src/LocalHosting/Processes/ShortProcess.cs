namespace LocalHosting.Processes;

/// <summary>Runs a program to its end and collects what it wrote.</summary>
internal static class ShortProcess
{
    public static Task<(int ExitCode, IReadOnlyList<string> Output)> RunAsync(ProcessRequest request, CancellationToken cancellationToken) =>
        RunAsync(request, $"{ProcessMark.Variable}=step-{Guid.NewGuid()}", (_, _) => { }, cancellationToken);

    /// <inheritdoc cref="RunAsync(ProcessRequest, CancellationToken)"/>
    /// <param name="request">What to run.</param>
    /// <param name="mark">The text in the environment that tells its family.</param>
    /// <param name="output">Gets every line as it comes; true for standard error.</param>
    /// <param name="cancellationToken">Kills the program.</param>
    public static async Task<(int ExitCode, IReadOnlyList<string> Output)> RunAsync(ProcessRequest request, string mark, Action<string, bool> output, CancellationToken cancellationToken)
    {
        var lines = new List<string>();
        var access = new Lock();
        var process = ChildProcess.Start(request, mark, (line, isError) =>
        {
            lock (access)
                lines.Add(line);
            output(line, isError);
        });
        await using var cancelled = cancellationToken.Register(process.Kill);
        var exitCode = await process.Exited;
        cancellationToken.ThrowIfCancellationRequested();
        lock (access)
            return (exitCode, [.. lines]);
    }
}

using System.Diagnostics;
using System.Text;

namespace PhotoPlatform.Testing;

/// <summary>A program for Node.js, run as a process of its own, with the public packages of tests/npm at hand.</summary>
public sealed class NodeProgram : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task<string> _errors;

    private NodeProgram(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
    }

    /// <summary>The folder that has the packages.</summary>
    public static string Folder { get; } = Path.Combine(Repository.Root, "tests", "npm");

    /// <summary>Starts a script.</summary>
    public static NodeProgram Start(string script, params string[] arguments)
    {
        if (!Directory.Exists(Path.Combine(Folder, "node_modules")))
            throw new InvalidOperationException($"The packages of '{Folder}' are missing: run eng/setup --tests.");
        // s3rver encrypts the tokens of its listings with DES.
        var start = new ProcessStartInfo("node", ["--openssl-legacy-provider", script, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true, StandardOutputEncoding = Encoding.UTF8 };
        return new NodeProgram(Process.Start(start)!);
    }

    /// <summary>The next line that it says, or null when it has ended.</summary>
    public async Task<string?> ReadLineAsync() => await _process.StandardOutput.ReadLineAsync();

    /// <summary>Waits for its end.</summary>
    /// <returns>What else it said.</returns>
    /// <exception cref="InvalidOperationException">It failed; the message has its errors.</exception>
    public async Task<string> FinishAsync()
    {
        var output = await _process.StandardOutput.ReadToEndAsync();
        await _process.WaitForExitAsync();
        return _process.ExitCode == 0 ? output : throw new InvalidOperationException($"The program ended with {_process.ExitCode}: {output}\n{await _errors}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}

using System.Diagnostics;
using System.Text.Json;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests.DeadLetters;

/// <summary>The dead-letter desk as people run it: a process.</summary>
internal sealed class DeskProgram : IAsyncDisposable
{
    private readonly Process _process;

    private DeskProgram(Process process) => _process = process;

    /// <summary>Starts it on the broker of an environment.</summary>
    internal static DeskProgram Start(TestEnvironment environment, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Repository.Program("src/DeadLetterDesk", "DeadLetterDesk"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["ConnectionStrings__bus"] = environment.Bus;
        start.Environment["PHOTOPLATFORM_DATA"] = environment.Folder;
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return new DeskProgram(process);
    }

    /// <summary>Runs it to its end.</summary>
    internal static async Task<DeskAnswer> RunAsync(TestEnvironment environment, params string[] arguments)
    {
        await using var program = Start(environment, arguments);
        var errors = program._process.StandardError.ReadToEndAsync();
        var output = await program._process.StandardOutput.ReadToEndAsync();
        await program._process.WaitForExitAsync();
        return new DeskAnswer(program._process.ExitCode, output, await errors);
    }

    /// <summary>Kills it with SIGKILL once it has said how far it is.</summary>
    internal async Task KillUnderwayAsync()
    {
        await _process.StandardError.ReadLineAsync();
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}

/// <summary>What it said.</summary>
internal sealed record DeskAnswer(int ExitCode, string Output, string Errors)
{
    internal JsonElement Json => JsonSerializer.Deserialize<JsonElement>(Output);

    /// <summary>The ids that <c>list --each --json</c> names.</summary>
    internal IEnumerable<Guid> Ids => Json.GetProperty("each").EnumerateArray().Select(letter => letter.GetProperty("id").GetGuid());
}

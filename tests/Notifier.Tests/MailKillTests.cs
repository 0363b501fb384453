using System.Diagnostics;
using Npgsql;
using PhotoPlatform.Contracts;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Notifier.Tests;

/// <summary>Notifier as a process, killed with SIGKILL.</summary>
public sealed class MailKillTests : IAsyncLifetime
{
    private readonly MailServer _mail = new();
    private readonly List<Process> _started = [];
    private TestEnvironment _environment = null!;

    public async ValueTask InitializeAsync()
    {
        _environment = await TestEnvironment.CreateAsync("notifier");
        foreach (var step in new[] { "migrate", "declare" })
        {
            var process = Start(step);
            await process.WaitForExitAsync();
            Assert.Equal(0, process.ExitCode);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _started)
        {
            await EndAsync(process);
            process.Dispose();
        }
        await _mail.DisposeAsync();
        await _environment.DisposeAsync();
    }

    [Fact]
    public async Task A_kill_after_the_server_took_the_mail_and_before_that_is_noted_costs_one_more_copy_with_the_same_message_id()
    {
        var (id, email) = (Guid.CreateVersion7(), $"{Guid.NewGuid():N}@example.org");
        _mail.Answer(email, MailAnswer.AcceptLate);
        await using (var bus = await TestBus.ConnectAsync(_environment))
            await bus.PublishAsync(new UserRegistered(RunningNotifier.NewUser(), "ada", "Ada", email, TimeProvider.System.GetUtcNow()), id);
        var killed = Start();
        await _mail.NextAsync();
        await KillBeforeNoteAsync(killed, id);
        // As if its hold of three minutes had ended.
        await QueryAsync<int>("UPDATE mails SET next_attempt_at = now() WHERE id = $1 AND done_at IS NULL RETURNING 1", id);

        Start();
        var again = await _mail.NextAsync();
        await Eventually.GetAsync(() => QueryAsync<int>("SELECT attempts FROM mails WHERE id = $1 AND done_at IS NOT NULL", id), attempts => attempts is [2]);

        Assert.Equal([$"<{id:D}@localhost>"], again.Headers["message-id"]);
        Assert.Equal([email, email], _mail.Taken);
    }

    /// <summary>Kills the process while what it wants to note waits for a lock on the row: it knows by then that the server took the mail.</summary>
    private async Task KillBeforeNoteAsync(Process process, Guid id)
    {
        await using var connection = new NpgsqlConnection(_environment.Database("notifier") + ";Pooling=false");
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("SELECT 1 FROM mails WHERE id = $1 FOR UPDATE", connection) { Parameters = { new() { Value = id } } })
            await hold.ExecuteNonQueryAsync();
        _mail.Release();
        await Eventually.GetAsync(() => QueryAsync<int>("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"), waiting => waiting.Count == 1);

        await EndAsync(process);
        // A statement that waits does not notice that nobody waits for it.
        await QueryAsync<bool>("SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'");
    }

    private static async Task EndAsync(Process process)
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    private Task<List<T>> QueryAsync<T>(string sql, params object[] parameters) => _environment.QueryAsync<T>("notifier", sql, parameters);

    private Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Repository.Program("src/Workers/Notifier", "Notifier"), .. arguments]) { RedirectStandardOutput = true };
        var settings = new Dictionary<string, string?>(_environment.Settings())
        {
            ["Mail:Server"] = _mail.Address,
            ["Mail:From"] = "PhotoPlatform <no-reply@photoplatform.example>",
            ["urls"] = "http://127.0.0.1:0",
        };
        foreach (var (name, value) in settings)
            start.Environment[name.Replace(":", "__", StringComparison.Ordinal)] = value;
        var process = Process.Start(start)!;
        process.BeginOutputReadLine();
        _started.Add(process);
        return process;
    }
}

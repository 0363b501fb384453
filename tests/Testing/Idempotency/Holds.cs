using Npgsql;

namespace PhotoPlatform.Testing.Idempotency;

/// <summary>Keeps consumers from their effect, at the last moment before it.</summary>
public interface IEffectHold : IAsyncDisposable
{
    /// <summary>From now on they wait.</summary>
    Task HoldAsync();

    /// <summary>Ends when this many wait.</summary>
    Task WaitingAsync(int count);

    /// <summary>Those that wait fail, as far as others can see, as in a process that dies.</summary>
    Task KillAsync();

    /// <summary>They go on.</summary>
    Task ReleaseAsync();
}

/// <summary>Holds the transactions of consumers in their commit, in PostgreSQL: everything is written, and nothing is true yet.</summary>
public sealed class CommitHold : IEffectHold
{
    private const string Key = "7070, 1";
    private const string Waiting = "FROM pg_stat_activity WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0";
    private readonly NpgsqlConnection _connection;

    private CommitHold(NpgsqlConnection connection) => _connection = connection;

    /// <summary>For a database with an inbox. Every consumer's effect is committed with a row of it.</summary>
    public static async Task<CommitHold> CreateAsync(string connectionString)
    {
        var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync();
        var hold = new CommitHold(connection);
        await hold.ExecuteAsync($"""
            CREATE FUNCTION hold_commit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock_shared({Key}); RETURN NULL; END';
            CREATE CONSTRAINT TRIGGER hold_commit AFTER INSERT ON inbox DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hold_commit();
            """);
        return hold;
    }

    /// <inheritdoc/>
    public Task HoldAsync() => ExecuteAsync($"SELECT pg_advisory_lock({Key})");

    /// <inheritdoc/>
    public Task WaitingAsync(int count) => Eventually.GetAsync(CountAsync, waiting => waiting >= count);

    /// <inheritdoc/>
    public Task KillAsync() => ExecuteAsync($"SELECT pg_terminate_backend(pid) {Waiting}");

    /// <inheritdoc/>
    public Task ReleaseAsync() => ExecuteAsync($"SELECT pg_advisory_unlock({Key})");

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private async Task ExecuteAsync(string sql)
    {
        await using var command = new NpgsqlCommand(sql, _connection);
        await command.ExecuteNonQueryAsync();
    }

    private async Task<long> CountAsync()
    {
        await using var command = new NpgsqlCommand($"SELECT count(*) {Waiting}", _connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}

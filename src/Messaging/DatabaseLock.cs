using Npgsql;

namespace PhotoPlatform.Messaging;

/// <summary>A PostgreSQL advisory lock of one session: of several processes one works, the others wait, or leave it to that one. It ends with the session at the latest.</summary>
public sealed class DatabaseLock : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly string _name;

    private DatabaseLock(NpgsqlConnection connection, string name) => (_connection, _name) = (connection, name);

    internal static async Task<DatabaseLock> TakeAsync(NpgsqlConnection connection, string name, CancellationToken cancellationToken)
    {
        await ExecuteAsync(connection, "SELECT pg_advisory_lock(hashtext($1))", name, cancellationToken);
        return new DatabaseLock(connection, name);
    }

    /// <summary>Takes the lock when it is free; null when another session has it.</summary>
    public static async Task<DatabaseLock?> TryTakeAsync(NpgsqlConnection connection, string name, CancellationToken cancellationToken) =>
        await ExecuteAsync(connection, "SELECT pg_try_advisory_lock(hashtext($1))", name, cancellationToken) is true ? new DatabaseLock(connection, name) : null;

    /// <summary>Gives it back.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await ExecuteAsync(_connection, "SELECT pg_advisory_unlock(hashtext($1))", _name, CancellationToken.None);
        }
        catch (Exception exception) when (exception is NpgsqlException or InvalidOperationException)
        {
            // The session is broken, and its lock has ended with it.
        }
    }

    private static async Task<object?> ExecuteAsync(NpgsqlConnection connection, string sql, string name, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { Parameters = { new() { Value = name } }, CommandTimeout = 0 };
        return await command.ExecuteScalarAsync(cancellationToken);
    }
}

using Npgsql;
using NpgsqlTypes;
using PhotoPlatform.Messaging.Broker;

namespace PhotoPlatform.Messaging.Outbox;

/// <summary>A row that a relay has claimed.</summary>
internal sealed record OutboxRow(long Position, OutgoingMessage Message, string? OrderKey, int Attempts);

/// <summary>Takes rows out of the table and puts them back. A claim deletes its rows at once; until its transaction ends they are locked, and others skip them.</summary>
internal static class OutboxRows
{
    /// <summary>The first of its order key. One that was given up is out of the order.</summary>
    private const string Head = """
        (o.order_key IS NULL OR NOT EXISTS (
            SELECT FROM outbox before WHERE before.order_key = o.order_key AND before.position < o.position AND before.deliver_at IS DISTINCT FROM 'infinity'))
        """;

    /// <summary>Claims up to the given numbers of rows that were never tried, oldest first, and of rows whose time has come.</summary>
    internal static Task<List<OutboxRow>> ClaimAsync(NpgsqlConnection connection, int fresh, int waiting, CancellationToken cancellationToken) =>
        TakeAsync(connection, ClaimStatement(fresh, waiting), [], cancellationToken);

    internal static string ClaimStatement(int fresh, int waiting) => $"""
        WITH fresh AS (SELECT o.ctid FROM outbox o WHERE o.deliver_at IS NULL AND {Head} ORDER BY o.position LIMIT {fresh} FOR UPDATE SKIP LOCKED),
             waiting AS (SELECT o.ctid FROM outbox o WHERE o.deliver_at <= now() AND {Head} ORDER BY o.deliver_at LIMIT {waiting} FOR UPDATE SKIP LOCKED)
        DELETE FROM outbox WHERE ctid = ANY (ARRAY(SELECT ctid FROM fresh UNION ALL SELECT ctid FROM waiting))
        RETURNING position, id, exchange, routing_key, body, trace_parent, order_key, attempts
        """;

    /// <summary>Claims the given rows again, as far as they are still there.</summary>
    internal static Task<List<OutboxRow>> ReclaimAsync(NpgsqlConnection connection, IEnumerable<OutboxRow> rows, CancellationToken cancellationToken) => TakeAsync(connection, """
        DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE id = ANY ($1) FOR UPDATE SKIP LOCKED)
        RETURNING position, id, exchange, routing_key, body, trace_parent, order_key, attempts
        """, [new() { Value = rows.Select(row => row.Message.Id).ToArray() }], cancellationToken);

    /// <summary>Puts claimed rows back in the place that they had.</summary>
    internal static async Task PutBackAsync(NpgsqlConnection connection, IEnumerable<(OutboxRow Row, NextTry Next)> rows, CancellationToken cancellationToken)
    {
        await using var insert = new NpgsqlBatch(connection);
        foreach (var ((position, message, orderKey, _), next) in rows)
        {
            insert.BatchCommands.Add(new NpgsqlBatchCommand("""
                INSERT INTO outbox (position, id, exchange, routing_key, body, trace_parent, order_key, attempts, deliver_at, last_error)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, coalesce(now() + $9, 'infinity'), $10)
                """)
            {
                Parameters =
                {
                    new() { Value = position }, new() { Value = message.Id }, new() { Value = message.Exchange }, new() { Value = message.RoutingKey }, new() { Value = message.Body },
                    new() { Value = (object?)message.TraceParent ?? DBNull.Value }, new() { Value = (object?)orderKey ?? DBNull.Value }, new() { Value = next.Attempts },
                    new() { NpgsqlDbType = NpgsqlDbType.Interval, Value = (object?)next.After ?? DBNull.Value }, new() { Value = next.Error },
                },
            });
        }
        await insert.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Lets rows that were given up be tried again, as often as new ones.</summary>
    internal static async Task ReviveAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var update = database.CreateCommand("UPDATE outbox SET attempts = 0, deliver_at = now() WHERE deliver_at = 'infinity'");
        await update.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<List<OutboxRow>> TakeAsync(NpgsqlConnection connection, string sql, NpgsqlParameter[] parameters, CancellationToken cancellationToken)
    {
        var delete = new NpgsqlBatchCommand(sql);
        delete.Parameters.AddRange(parameters);
        // The server ends the claim of a relay that stands still. Whatever the statistics say of a table that is empty now and full then: no plan reads all of it.
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { new("SET LOCAL idle_in_transaction_session_timeout = '10s'"), new("SET LOCAL enable_seqscan = off"), delete } };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var rows = new List<OutboxRow>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var message = new OutgoingMessage(reader.GetGuid(1), reader.GetString(2), reader.GetString(3), reader.GetFieldValue<byte[]>(4), reader.IsDBNull(5) ? null : reader.GetString(5));
            rows.Add(new OutboxRow(reader.GetInt64(0), message, reader.IsDBNull(6) ? null : reader.GetString(6), reader.GetInt32(7)));
        }
        rows.Sort((one, other) => one.Position.CompareTo(other.Position));
        return rows;
    }
}

/// <summary>When a row that was not sent is tried again.</summary>
/// <param name="Attempts">How often it has been tried.</param>
/// <param name="After">How long from now, or null: never.</param>
/// <param name="Error">What was wrong.</param>
internal readonly record struct NextTry(int Attempts, TimeSpan? After, string Error)
{
    internal const int MaxAttempts = 12;
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    /// <summary>250 ms after the first try, doubled with each up to a minute. Only what cannot be routed is given up: a broker in trouble recovers.</summary>
    internal static NextTry Of(int attemptsBefore, Exception fault)
    {
        var attempts = attemptsBefore + 1;
        var after = fault is UnroutableException && attempts >= MaxAttempts ? (TimeSpan?)null : TimeSpan.FromMilliseconds(Math.Min(Longest.TotalMilliseconds, 250 * Math.Pow(2, Math.Min(attemptsBefore, 10))));
        return new NextTry(attempts, after, fault.Message);
    }
}

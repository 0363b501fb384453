using Npgsql;

namespace PhotoPlatform.Messaging.Outbox;

/// <summary>What is in an outbox. Counts end at 10,000.</summary>
/// <param name="Service">Whose it is.</param>
/// <param name="Pending">Messages that will be sent now.</param>
/// <param name="Parked">Messages that could not be sent and wait for another try.</param>
/// <param name="Dead">Messages that were given up.</param>
/// <param name="Scheduled">Messages whose time has not come.</param>
/// <param name="OldestPendingSeconds">How long the oldest of those that are pending or parked has waited, or null.</param>
public sealed record OutboxState(string Service, int Pending, int Parked, int Dead, int Scheduled, double? OldestPendingSeconds)
{
    private const int CountLimit = 10_000;

    // Each part has its index, whatever the others hold.
    private static readonly string Sql = $"""
        SELECT (SELECT count(*) FROM (SELECT FROM outbox WHERE deliver_at IS NULL LIMIT {CountLimit}) AS fresh)::int,
               (SELECT count(*) FROM (SELECT FROM outbox WHERE deliver_at <= now() LIMIT {CountLimit}) AS due)::int,
               (SELECT count(*) FROM (SELECT FROM outbox WHERE last_error IS NOT NULL AND deliver_at < 'infinity' AND deliver_at > now() LIMIT {CountLimit}) AS parked)::int,
               (SELECT count(*) FROM (SELECT FROM outbox WHERE deliver_at = 'infinity' LIMIT {CountLimit}) AS dead)::int,
               (SELECT count(*) FROM (SELECT FROM outbox WHERE last_error IS NULL AND deliver_at > now() LIMIT {CountLimit}) AS scheduled)::int,
               (SELECT id FROM outbox WHERE deliver_at IS NULL ORDER BY position LIMIT 1),
               (SELECT id FROM outbox WHERE last_error IS NOT NULL AND deliver_at < 'infinity' ORDER BY position LIMIT 1),
               (SELECT deliver_at FROM outbox WHERE deliver_at <= now() AND last_error IS NULL ORDER BY deliver_at LIMIT 1)
        """;

    internal static async Task<OutboxState> ReadAsync(string service, NpgsqlDataSource database, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(Sql);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var oldest = new[] { MadeAt(5), MadeAt(6), reader.IsDBNull(7) ? null : reader.GetFieldValue<DateTimeOffset>(7) }.Min();
        return new OutboxState(service, reader.GetInt32(0) + reader.GetInt32(1), reader.GetInt32(2), reader.GetInt32(3), reader.GetInt32(4), (now - oldest)?.TotalSeconds);

        DateTimeOffset? MadeAt(int column) => reader.IsDBNull(column) ? null : MessageId.TimeOf(reader.GetGuid(column));
    }
}

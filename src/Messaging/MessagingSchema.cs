using Npgsql;

namespace PhotoPlatform.Messaging;

/// <summary>The tables <c>outbox</c> and <c>inbox</c> of a service's database.</summary>
internal static class MessagingSchema
{
    /// <summary>How many days an inbox remembers; a message older than that goes to the dead letters.</summary>
    internal const int InboxDays = 7;

    private const int PartitionsAhead = 2;

    private const string Tables = """
        CREATE TABLE IF NOT EXISTS outbox (
            id uuid PRIMARY KEY,
            exchange text NOT NULL,
            routing_key text NOT NULL,
            body bytea NOT NULL,
            trace_parent text,
            attempts int NOT NULL DEFAULT 0,
            next_attempt_at timestamptz NOT NULL DEFAULT now(),
            last_error text,
            parked_at timestamptz);
        ALTER TABLE outbox ADD COLUMN IF NOT EXISTS deliver_at timestamptz;
        CREATE INDEX IF NOT EXISTS outbox_pending ON outbox (id) WHERE parked_at IS NULL;
        CREATE TABLE IF NOT EXISTS inbox (
            day date NOT NULL,
            consumer text NOT NULL,
            message_id uuid NOT NULL,
            PRIMARY KEY (day, consumer, message_id)) PARTITION BY RANGE (day);
        """;

    /// <summary>Whether the inbox has a partition for the day.</summary>
    internal static bool Remembers(DateOnly day, DateOnly today) => day >= today.AddDays(-InboxDays) && day <= today.AddDays(PartitionsAhead);

    /// <summary>Creates what is missing. The caller holds the migration lock.</summary>
    internal static async Task CreateAsync(NpgsqlConnection connection, DateOnly today, CancellationToken cancellationToken)
    {
        await using (var create = new NpgsqlCommand(Tables, connection))
            await create.ExecuteNonQueryAsync(cancellationToken);
        await PreparePartitionsAsync(connection, today, cancellationToken);
    }

    /// <summary>Makes the inbox's partitions ahead of time and drops those whose days are over, whole.</summary>
    internal static async Task PreparePartitionsAsync(NpgsqlConnection connection, DateOnly today, CancellationToken cancellationToken)
    {
        var oldest = today.AddDays(-InboxDays);
        for (var day = oldest; day <= today.AddDays(PartitionsAhead); day = day.AddDays(1))
            await ExecuteAsync($"CREATE TABLE IF NOT EXISTS inbox_{day:yyyyMMdd} PARTITION OF inbox FOR VALUES FROM ('{day:yyyy-MM-dd}') TO ('{day.AddDays(1):yyyy-MM-dd}')");

        var over = new List<string>();
        await using (var list = new NpgsqlCommand("SELECT relid::regclass::text FROM pg_partition_tree('inbox') WHERE isleaf", connection))
        await using (var reader = await list.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                if (string.CompareOrdinal(reader.GetString(0), $"inbox_{oldest:yyyyMMdd}") < 0)
                    over.Add(reader.GetString(0));
            }
        }
        foreach (var partition in over)
            await ExecuteAsync($"DROP TABLE IF EXISTS {partition}");

        async Task ExecuteAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}

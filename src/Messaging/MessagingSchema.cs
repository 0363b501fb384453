using Npgsql;

namespace PhotoPlatform.Messaging;

/// <summary>The tables <c>outbox</c> and <c>inbox</c> of a service's database.</summary>
internal static class MessagingSchema
{
    /// <summary>How many days an inbox remembers; a message older than that goes to the dead letters.</summary>
    internal const int InboxDays = 7;

    private const int PartitionsAhead = 2;

    /// <summary>
    /// <c>deliver_at</c> tells three kinds of rows apart, each with an index that the others do not burden: null, to be sent at once; a time, not before it (scheduled, or tried before);
    /// infinity, given up. Whoever writes a row with an order key waits for the transactions that wrote one before it, so that the positions of a key are in the order of the commits;
    /// a row that a relay puts back, which has a <c>last_error</c>, keeps its own.
    /// </summary>
    private const string Tables = """
        CREATE SEQUENCE IF NOT EXISTS outbox_position;
        CREATE TABLE IF NOT EXISTS outbox (
            position bigint NOT NULL DEFAULT nextval('outbox_position'),
            id uuid PRIMARY KEY,
            exchange text NOT NULL,
            routing_key text NOT NULL,
            body bytea NOT NULL,
            trace_parent text,
            order_key text,
            attempts int NOT NULL DEFAULT 0,
            deliver_at timestamptz,
            last_error text);
        CREATE TABLE IF NOT EXISTS inbox (
            day date NOT NULL,
            consumer text NOT NULL,
            message_id uuid NOT NULL,
            PRIMARY KEY (day, consumer, message_id)) PARTITION BY RANGE (day);
        """;

    /// <summary>A table of the first version keeps its rows.</summary>
    private const string Upgrade = """
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'outbox'::regclass AND attname = 'parked_at' AND NOT attisdropped) THEN
                ALTER TABLE outbox ADD COLUMN IF NOT EXISTS deliver_at timestamptz;
                ALTER TABLE outbox ADD COLUMN position bigint NOT NULL DEFAULT nextval('outbox_position'), ADD COLUMN order_key text;
                UPDATE outbox SET deliver_at = CASE WHEN parked_at IS NOT NULL THEN 'infinity' WHEN attempts > 0 THEN next_attempt_at ELSE deliver_at END;
                ALTER TABLE outbox DROP COLUMN parked_at, DROP COLUMN next_attempt_at;
            END IF;
        END $$;
        """;

    private const string Order = """
        CREATE INDEX IF NOT EXISTS outbox_fresh ON outbox (position) WHERE deliver_at IS NULL;
        CREATE INDEX IF NOT EXISTS outbox_waiting ON outbox (deliver_at) WHERE deliver_at IS NOT NULL;
        CREATE INDEX IF NOT EXISTS outbox_parked ON outbox (position) WHERE last_error IS NOT NULL AND deliver_at < 'infinity';
        CREATE INDEX IF NOT EXISTS outbox_keys ON outbox (order_key, position) WHERE order_key IS NOT NULL;
        ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
        CREATE OR REPLACE FUNCTION outbox_take_turn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            PERFORM pg_advisory_xact_lock(hashtextextended('outbox ' || NEW.order_key, 0));
            NEW.position := nextval('outbox_position');
            RETURN NEW;
        END $$;
        CREATE OR REPLACE TRIGGER outbox_take_turn BEFORE INSERT ON outbox FOR EACH ROW
            WHEN (NEW.order_key IS NOT NULL AND NEW.last_error IS NULL) EXECUTE FUNCTION outbox_take_turn();
        """;

    /// <summary>Whether the inbox has a partition for the day.</summary>
    internal static bool Remembers(DateOnly day, DateOnly today) => day >= today.AddDays(-InboxDays) && day <= today.AddDays(PartitionsAhead);

    /// <summary>Creates what is missing. The caller holds the migration lock.</summary>
    internal static async Task CreateAsync(NpgsqlConnection connection, DateOnly today, CancellationToken cancellationToken)
    {
        foreach (var sql in (string[])[Tables, Upgrade, Order])
            await ExecuteAsync(connection, sql, cancellationToken);
        await PreparePartitionsAsync(connection, today, cancellationToken);
    }

    /// <summary>Makes the inbox's partitions ahead of time and drops those whose days are over, whole.</summary>
    internal static async Task PreparePartitionsAsync(NpgsqlConnection connection, DateOnly today, CancellationToken cancellationToken)
    {
        var oldest = today.AddDays(-InboxDays);
        for (var day = oldest; day <= today.AddDays(PartitionsAhead); day = day.AddDays(1))
            await ExecuteAsync(connection, $"CREATE TABLE IF NOT EXISTS inbox_{day:yyyyMMdd} PARTITION OF inbox FOR VALUES FROM ('{day:yyyy-MM-dd}') TO ('{day.AddDays(1):yyyy-MM-dd}')", cancellationToken);

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
            await ExecuteAsync(connection, $"DROP TABLE IF EXISTS {partition}", cancellationToken);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}

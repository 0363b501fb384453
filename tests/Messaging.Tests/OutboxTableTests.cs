using Npgsql;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests;

public sealed class OutboxTableTests : IAsyncLifetime
{
    private static readonly DateOnly Today = DateOnly.FromDateTime(DateTime.UnixEpoch.AddYears(56));
    private TestEnvironment _environment = null!;
    private NpgsqlConnection _connection = null!;

    public async ValueTask InitializeAsync()
    {
        _environment = await TestEnvironment.CreateAsync(Orders.Name);
        _connection = new NpgsqlConnection(_environment.Database(Orders.Name) + ";Pooling=false");
        await _connection.OpenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        await _environment.DisposeAsync();
    }

    [Fact]
    public async Task A_table_of_the_first_version_keeps_its_rows_and_their_states()
    {
        await ExecuteAsync("""
            CREATE TABLE outbox (id uuid PRIMARY KEY, exchange text NOT NULL, routing_key text NOT NULL, body bytea NOT NULL, trace_parent text, attempts int NOT NULL DEFAULT 0,
                next_attempt_at timestamptz NOT NULL DEFAULT now(), last_error text, parked_at timestamptz, deliver_at timestamptz);
            CREATE INDEX outbox_pending ON outbox (id) WHERE parked_at IS NULL;
            INSERT INTO outbox (id, exchange, routing_key, body, attempts, next_attempt_at, last_error, parked_at, deliver_at) VALUES
                ('00000000-0000-0000-0000-000000000001', 'fresh', '', '', 0, now(), NULL, NULL, NULL),
                ('00000000-0000-0000-0000-000000000002', 'failed', '', '', 3, now() + interval '1 minute', 'No queue.', NULL, NULL),
                ('00000000-0000-0000-0000-000000000003', 'given up', '', '', 12, now(), 'No queue.', now(), NULL),
                ('00000000-0000-0000-0000-000000000004', 'scheduled', '', '', 0, now(), NULL, NULL, now() + interval '1 hour')
            """);
        await MessagingSchema.CreateAsync(_connection, Today, CancellationToken.None);
        await MessagingSchema.CreateAsync(_connection, Today, CancellationToken.None);

        Assert.Equal(["fresh at once", "failed waits", "given up never", "scheduled waits"], await _environment.QueryAsync<string>(Orders.Name,
            "SELECT exchange || CASE WHEN deliver_at IS NULL THEN ' at once' WHEN deliver_at = 'infinity' THEN ' never' ELSE ' waits' END FROM outbox ORDER BY position"));
    }

    [Theory]
    [InlineData("nothing else")]
    [InlineData("100,000 scheduled")]
    [InlineData("100,000 given up")]
    [InlineData("statistics of an empty table")]
    public async Task A_claim_reads_its_rows_and_not_the_table(string beside)
    {
        await MessagingSchema.CreateAsync(_connection, Today, CancellationToken.None);
        if (beside.StartsWith("statistics", StringComparison.Ordinal))
            await ExecuteAsync("ANALYZE outbox");
        await FillAsync(beside.StartsWith("100,000", StringComparison.Ordinal) ? 1_000 : 100_000, "NULL");
        if (beside.StartsWith("100,000", StringComparison.Ordinal))
            await FillAsync(100_000, beside.EndsWith("scheduled", StringComparison.Ordinal) ? "now() + interval '1 day'" : "'infinity'");
        var plan = await QueryPlan.OfAsync(_environment.Database(Orders.Name), OutboxRows.ClaimStatement(100, 100));

        Assert.Equal(100, plan.Rows);
        Assert.True(plan.SequentialScans.Count == 0, plan.Text);
        Assert.True(plan.Buffers < 3_000, plan.Text);
    }

    private Task FillAsync(int rows, string deliverAt) => ExecuteAsync(
        $"INSERT INTO outbox (id, exchange, routing_key, body, deliver_at) SELECT gen_random_uuid(), 'x', '', repeat('x', 500)::bytea, {deliverAt} FROM generate_series(1, {rows})");

    private async Task ExecuteAsync(string sql)
    {
        await using var command = new NpgsqlCommand(sql, _connection);
        await command.ExecuteNonQueryAsync();
    }
}

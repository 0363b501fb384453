using System.Diagnostics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using PhotoPlatform.Messaging.Broker;

namespace PhotoPlatform.Messaging.Outbox;

/// <summary>
/// Sends what the outbox holds, at least once. Several relays share one table: each claims rows by their locks and skips those of the others.
/// A row leaves the table only after the broker's confirm. A row that cannot be routed waits longer after each try and is parked after the last,
/// and delays no other row.
/// </summary>
internal sealed class OutboxRelay(string service, NpgsqlDataSource database, BrokerConnection broker, RelaySignal signal, TimeProvider time, ILogger<OutboxRelay> logger) : BackgroundService
{
    internal const int MaxAttempts = 12;
    private const int MaxBatch = 100;
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MinConfirmLimit = TimeSpan.FromMilliseconds(900);
    private static readonly TimeSpan MaxConfirmLimit = TimeSpan.FromSeconds(8);
    private static readonly ActivitySource Activities = new("PhotoPlatform.Messaging");
    private int _batch = MaxBatch;
    private TimeSpan _confirmLimit = MinConfirmLimit;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var pause = TimeSpan.Zero;
        string? trouble = null;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var taken = await RelayBatchAsync(stoppingToken);
                if (trouble is not null)
                    logger.LogInformation("The relay of {Service} works again", service);
                (trouble, pause) = (null, TimeSpan.Zero);
                if (taken < _batch)
                    await signal.WaitAsync(PollInterval, stoppingToken);
                (_batch, _confirmLimit) = (Math.Min(MaxBatch, _batch * 2), MinConfirmLimit);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is NpgsqlException or BrokerUnavailableException or TimeoutException or UnroutableException)
            {
                if (trouble is null)
                    logger.LogWarning("The relay of {Service} waits: {Reason}", service, exception.Message);
                trouble = exception.Message;
                if (exception is TimeoutException)
                    _confirmLimit = TimeSpan.FromTicks(Math.Min(MaxConfirmLimit.Ticks, _confirmLimit.Ticks * 2));
                // Alone, a row that closes the channel shows itself.
                _batch = 1;
                if (exception is UnroutableException)
                    continue;
                pause = TimeSpan.FromTicks(Math.Clamp(pause.Ticks * 2, TimeSpan.FromMilliseconds(100).Ticks, TimeSpan.FromSeconds(2).Ticks));
                await Task.Delay(pause, time, stoppingToken);
            }
        }
    }

    /// <summary>Claims, sends and removes up to one batch of rows in one transaction.</summary>
    /// <returns>How many rows were claimed.</returns>
    private async Task<int> RelayBatchAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var rows = await ClaimAsync(connection, cancellationToken);
        if (rows.Count == 0)
            return 0;

        var results = await Task.WhenAll(rows.Select(row => SendAsync(row, cancellationToken)));
        var alone = rows.Count == 1;
        if (!alone && results.OfType<UnroutableException>().FirstOrDefault(fault => fault.InnerException is not RabbitMQ.Client.Exceptions.PublishException) is { } closed)
            throw closed;
        if (results.FirstOrDefault(fault => fault is not null and not UnroutableException) is { } away)
            throw away;

        var sent = rows.Where((_, i) => results[i] is null).Select(row => row.Id).ToArray();
        await using (var delete = new NpgsqlCommand("DELETE FROM outbox WHERE id = ANY($1)", connection) { Parameters = { new() { Value = sent } } })
            await delete.ExecuteNonQueryAsync(cancellationToken);
        for (var i = 0; i < rows.Count; i++)
        {
            if (results[i] is UnroutableException fault)
                await PostponeAsync(connection, rows[i].Id, fault, cancellationToken);
        }
        await transaction.CommitAsync(cancellationToken);
        return rows.Count;
    }

    private async Task<List<OutgoingMessage>> ClaimAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var claim = new NpgsqlCommand("""
            SELECT id, exchange, routing_key, body, trace_parent FROM outbox
            WHERE parked_at IS NULL AND next_attempt_at <= now()
            ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
            """, connection) { Parameters = { new() { Value = _batch } } };
        await using var reader = await claim.ExecuteReaderAsync(cancellationToken);
        var rows = new List<OutgoingMessage>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(new OutgoingMessage(reader.GetGuid(0), reader.GetString(1), reader.GetString(2), reader.GetFieldValue<byte[]>(3),
                await reader.IsDBNullAsync(4, cancellationToken) ? null : reader.GetString(4)));
        }
        return rows;
    }

    private async Task<Exception?> SendAsync(OutgoingMessage row, CancellationToken cancellationToken)
    {
        ActivityContext.TryParse(row.TraceParent, null, isRemote: true, out var parent);
        using var activity = parent == default ? null : Activities.StartActivity("outbox relay", ActivityKind.Producer, parent);
        activity?.SetTag("messaging.message.id", row.Id);
        try
        {
            await broker.PublishAsync(row with { TraceParent = activity?.Id ?? row.TraceParent }, null, _confirmLimit, cancellationToken);
            return null;
        }
        catch (Exception exception) when (exception is UnroutableException or BrokerUnavailableException or TimeoutException)
        {
            activity?.SetStatus(ActivityStatusCode.Error, exception.Message);
            return exception;
        }
    }

    private async Task PostponeAsync(NpgsqlConnection connection, Guid id, UnroutableException fault, CancellationToken cancellationToken)
    {
        await using var postpone = new NpgsqlCommand("""
            UPDATE outbox SET attempts = attempts + 1, last_error = $2,
                next_attempt_at = now() + least(interval '1 minute', interval '250 milliseconds' * 2 ^ attempts),
                parked_at = CASE WHEN attempts + 1 >= $3 THEN now() END
            WHERE id = $1 RETURNING parked_at IS NOT NULL
            """, connection) { Parameters = { new() { Value = id }, new() { Value = fault.Message }, new() { Value = MaxAttempts } } };
        if (await postpone.ExecuteScalarAsync(cancellationToken) is true)
            logger.LogError("Message {MessageId} of {Service} is parked after {Attempts} tries: {Reason}", id, service, MaxAttempts, fault.Message);
    }
}

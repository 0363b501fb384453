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
        var inTrouble = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var taken = await RelayBatchAsync(stoppingToken);
                if (inTrouble)
                    logger.LogInformation("The relay of {Service} works again", service);
                (inTrouble, pause) = (false, TimeSpan.Zero);
                if (taken < _batch)
                    await signal.WaitAsync(PollInterval, stoppingToken);
                (_batch, _confirmLimit) = (Math.Min(MaxBatch, _batch * 2), MinConfirmLimit);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                // Whatever it is: a relay that ended would strand every later message.
                if (!inTrouble)
                    logger.LogWarning(IsExpected(exception) ? null : exception, "The relay of {Service} waits: {Reason}", service, exception.Message);
                inTrouble = true;
                if (exception is NotConfirmedException)
                    _confirmLimit = TimeSpan.FromTicks(Math.Min(MaxConfirmLimit.Ticks, _confirmLimit.Ticks * 2));
                // Alone, a row that spoils its batch shows itself.
                _batch = 1;
                if (exception is UnroutableException)
                    continue;
                pause = TimeSpan.FromTicks(Math.Clamp(pause.Ticks * 2, TimeSpan.FromMilliseconds(100).Ticks, TimeSpan.FromSeconds(2).Ticks));
                await Task.Delay(pause, time, stoppingToken);
            }
        }
    }

    private static bool IsExpected(Exception exception) => exception is NpgsqlException or BrokerUnavailableException or NotConfirmedException or UnroutableException;

    /// <summary>Claims, sends and removes up to one batch of rows in one transaction.</summary>
    /// <returns>How many rows were claimed.</returns>
    private async Task<int> RelayBatchAsync(CancellationToken stoppingToken)
    {
        // First the broker: no rows are held while it is away.
        await broker.ConnectAsync(stoppingToken);
        await using var connection = await database.OpenConnectionAsync(stoppingToken);
        await using var transaction = await connection.BeginTransactionAsync(stoppingToken);
        var rows = await ClaimAsync(connection, stoppingToken);
        if (rows.Count == 0)
            return 0;

        // From here on a batch is seen through, also by a process that stops: what is sent and stays in the table is sent twice.
        var faults = await Task.WhenAll(rows.Select(SendAsync));
        var alone = rows.Count == 1;
        var sent = rows.Where((_, i) => faults[i] is null).Select(row => row.Id).ToArray();
        await using (var delete = new NpgsqlCommand("DELETE FROM outbox WHERE id = ANY($1)", connection) { Parameters = { new() { Value = sent } } })
            await delete.ExecuteNonQueryAsync(CancellationToken.None);
        for (var i = 0; i < rows.Count; i++)
        {
            if (faults[i] is { } fault && IsOfTheRow(fault, alone))
                await PostponeAsync(connection, rows[i].Id, fault);
        }
        await transaction.CommitAsync(CancellationToken.None);

        // When one confirm is late the connection is dropped, which ends the others' wait too: the first is the reason.
        var troubles = faults.OfType<Exception>().Where(fault => fault is not UnroutableException || !IsOfTheRow(fault, alone)).ToList();
        return troubles.Count == 0 ? rows.Count : throw troubles.Find(trouble => trouble is NotConfirmedException) ?? troubles[0];
    }

    /// <summary>Whether a failure is known to be of this row. In company, nobody knows whose fault a closed channel or a missing confirm is.</summary>
    private static bool IsOfTheRow(Exception fault, bool alone) => fault switch
    {
        UnroutableException unroutable => alone || !unroutable.ClosedChannel,
        NotConfirmedException => alone,
        _ => false,
    };

    private async Task<List<OutgoingMessage>> ClaimAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var claim = new NpgsqlCommand("""
            SELECT id, exchange, routing_key, body, trace_parent FROM outbox
            WHERE parked_at IS NULL AND next_attempt_at <= now() AND (deliver_at IS NULL OR deliver_at <= now())
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

    private async Task<Exception?> SendAsync(OutgoingMessage row)
    {
        ActivityContext.TryParse(row.TraceParent, null, isRemote: true, out var parent);
        using var activity = parent == default ? null : Activities.StartActivity("outbox relay", ActivityKind.Producer, parent);
        activity?.SetTag("messaging.message.id", row.Id);
        try
        {
            await broker.PublishAsync(row with { TraceParent = activity?.Id ?? row.TraceParent }, null, _confirmLimit, CancellationToken.None);
            return null;
        }
        catch (Exception exception) when (exception is UnroutableException or NotConfirmedException or BrokerUnavailableException)
        {
            activity?.SetStatus(ActivityStatusCode.Error, exception.Message);
            return exception;
        }
    }

    /// <summary>Lets a row wait 250 ms, doubled with each try up to a minute. Only what cannot be routed is given up: a broker in trouble recovers.</summary>
    private async Task PostponeAsync(NpgsqlConnection connection, Guid id, Exception fault)
    {
        await using var postpone = new NpgsqlCommand("""
            UPDATE outbox SET attempts = attempts + 1, last_error = $2,
                next_attempt_at = now() + least(interval '1 minute', interval '250 milliseconds' * 2 ^ least(attempts, 10)),
                parked_at = CASE WHEN $3 AND attempts + 1 >= $4 THEN now() END
            WHERE id = $1 RETURNING CASE WHEN parked_at IS NULL THEN attempts END
            """, connection)
        {
            Parameters = { new() { Value = id }, new() { Value = fault.Message }, new() { Value = fault is UnroutableException }, new() { Value = MaxAttempts } },
        };
        var attempts = await postpone.ExecuteScalarAsync(CancellationToken.None);
        if (attempts is not int)
            logger.LogError("Message {MessageId} of {Service} is parked after {Attempts} tries: {Reason}", id, service, MaxAttempts, fault.Message);
        else if (attempts is 1)
            logger.LogWarning("Message {MessageId} of {Service} cannot be sent and is tried again: {Reason}", id, service, fault.Message);
    }
}

using System.Diagnostics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using PhotoPlatform.Messaging.Broker;

namespace PhotoPlatform.Messaging.Outbox;

/// <summary>
/// Sends what the outbox holds, at least once. Several relays share one table: each claims rows by their locks and skips those of the others.
/// A row leaves the table only after the broker's confirm. A row that cannot be routed waits longer after each try and is given up after the last,
/// and delays only later rows of its order key.
/// </summary>
internal sealed class OutboxRelay(
    string service, NpgsqlDataSource database, BrokerConnection broker, RelaySignal signal, MessagingMetrics metrics, TimeProvider time, ILogger<OutboxRelay> logger) : BackgroundService
{
    private const int MaxBatch = 100;
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    /// <summary>How long a claim's transaction waits for confirms. It is an open one, in the way of every vacuum.</summary>
    private static readonly TimeSpan ClaimLimit = TimeSpan.FromMilliseconds(900);
    private static readonly TimeSpan ConfirmLimit = TimeSpan.FromSeconds(8);
    private static readonly NextTry NotConfirmedYet = new(0, ConfirmLimit * 2, "Sent, and not confirmed yet.");
    private static readonly ActivitySource Activities = new("PhotoPlatform.Messaging");
    private int _batch = MaxBatch;
    private bool _waitingFirst;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        await RunAsync(stoppingToken);
    }

    /// <summary>Relays until it is told to stop.</summary>
    internal async Task RunAsync(CancellationToken stoppingToken)
    {
        var pause = TimeSpan.Zero;
        var inTrouble = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var more = await RelayBatchAsync(stoppingToken);
                if (inTrouble)
                    logger.LogInformation("The relay of {Service} works again", service);
                (inTrouble, pause) = (false, TimeSpan.Zero);
                if (!more)
                    await signal.WaitAsync(PollInterval, stoppingToken);
                _batch = Math.Min(MaxBatch, _batch * 2);
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
                // Alone, a row that spoils its batch shows itself.
                _batch = 1;
                if (exception is UnroutableException)
                    continue;
                pause = TimeSpan.FromTicks(Math.Clamp(pause.Ticks * 2, TimeSpan.FromMilliseconds(100).Ticks, TimeSpan.FromSeconds(2).Ticks));
                await Task.Delay(pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private static bool IsExpected(Exception exception) => exception is NpgsqlException or BrokerUnavailableException or NotConfirmedException or UnroutableException;

    /// <summary>Claims, sends and removes up to one batch of rows.</summary>
    /// <returns>Whether there may be more to send now.</returns>
    private async Task<bool> RelayBatchAsync(CancellationToken stoppingToken)
    {
        // First the broker: no rows are held while it is away.
        await broker.ConnectAsync(stoppingToken);
        await using var connection = await database.OpenConnectionAsync(stoppingToken);
        List<OutboxRow> rows;
        Task<Exception?[]> sending;
        await using (var transaction = await connection.BeginTransactionAsync(stoppingToken))
        {
            rows = await ClaimAsync(connection, stoppingToken);
            if (rows.Count == 0)
                return false;
            // From here on a batch is seen through, also by a process that stops: what is sent and stays in the table is sent twice.
            sending = Task.WhenAll(rows.Select(row => SendAsync(row.Message)));
            if (await Task.WhenAny(sending, Task.Delay(ClaimLimit, time, CancellationToken.None)) == sending)
                return await FinishAsync(transaction, rows, await sending);
            await OutboxRows.PutBackAsync(connection, rows.Select(row => (row, NotConfirmedYet with { Attempts = row.Attempts })), CancellationToken.None);
            await transaction.CommitAsync(CancellationToken.None);
        }

        // The rows are in the table, out of the reach of other relays, until their confirms have come or failed to.
        var outcomes = rows.Zip(await sending).ToDictionary(pair => pair.First.Message.Id, pair => pair.Second);
        await using (var transaction = await connection.BeginTransactionAsync(CancellationToken.None))
        {
            var left = await OutboxRows.ReclaimAsync(connection, rows, CancellationToken.None);
            return await FinishAsync(transaction, left, [.. left.Select(row => outcomes[row.Message.Id])]);
        }
    }

    private Task<List<OutboxRow>> ClaimAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (_batch > 1)
            return OutboxRows.ClaimAsync(connection, _batch, _batch, cancellationToken);
        _waitingFirst = !_waitingFirst;
        return OutboxRows.ClaimAsync(connection, _waitingFirst ? 0 : 1, _waitingFirst ? 1 : 0, cancellationToken);
    }

    private async Task<Exception?> SendAsync(OutgoingMessage message)
    {
        ActivityContext.TryParse(message.TraceParent, null, isRemote: true, out var parent);
        using var activity = parent == default ? null : Activities.StartActivity("outbox relay", ActivityKind.Producer, parent);
        activity?.SetTag("messaging.message.id", message.Id);
        var start = time.GetTimestamp();
        try
        {
            await broker.PublishAsync(message with { TraceParent = activity?.Id ?? message.TraceParent }, null, ConfirmLimit, CancellationToken.None);
            metrics.Confirmed(service, time.GetElapsedTime(start));
            return null;
        }
        catch (Exception exception) when (exception is UnroutableException or NotConfirmedException or BrokerUnavailableException)
        {
            activity?.SetStatus(ActivityStatusCode.Error, exception.Message);
            return exception;
        }
    }

    /// <summary>Puts back those of the claimed rows that were not sent, and commits.</summary>
    /// <returns>Whether there may be more to send now.</returns>
    private async Task<bool> FinishAsync(NpgsqlTransaction transaction, List<OutboxRow> rows, Exception?[] faults)
    {
        var back = new List<(OutboxRow, NextTry)>();
        var troubles = new List<Exception>();
        for (var i = 0; i < rows.Count; i++)
        {
            if (faults[i] is not { } fault)
                continue;
            if (IsOfTheRow(fault, alone: rows.Count == 1))
            {
                back.Add((rows[i], Postpone(rows[i], fault)));
            }
            else
            {
                back.Add((rows[i], new NextTry(rows[i].Attempts, TimeSpan.Zero, fault.Message)));
                troubles.Add(fault);
            }
        }
        if (back.Count > 0)
            await OutboxRows.PutBackAsync(transaction.Connection!, back, CancellationToken.None);
        await transaction.CommitAsync(CancellationToken.None);

        // When one confirm is late the connection is dropped, which ends the others' wait too: the first is the reason.
        if ((troubles.Find(trouble => trouble is NotConfirmedException) ?? troubles.FirstOrDefault()) is { } reason)
            throw reason;
        // Behind the first row of an order key there may be the next.
        return rows.Count >= _batch || rows.Exists(row => row.OrderKey is not null);
    }

    /// <summary>Whether a failure is known to be of this row. In company, nobody knows whose fault a closed channel or a missing confirm is.</summary>
    private static bool IsOfTheRow(Exception fault, bool alone) => fault switch
    {
        UnroutableException unroutable => alone || !unroutable.ClosedChannel,
        NotConfirmedException => alone,
        _ => false,
    };

    private NextTry Postpone(OutboxRow row, Exception fault)
    {
        var next = NextTry.Of(row.Attempts, fault);
        if (next.After is null)
            logger.LogError("Message {MessageId} of {Service} is given up after {Attempts} tries: {Reason}", row.Message.Id, service, next.Attempts, fault.Message);
        else if (next.Attempts == 1)
            logger.LogWarning("Message {MessageId} of {Service} cannot be sent and is tried again: {Reason}", row.Message.Id, service, fault.Message);
        return next;
    }
}

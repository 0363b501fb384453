using System.Globalization;
using PhotoPlatform.Testing;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace PhotoPlatform.Messaging.Tests;

/// <summary>A load on the system, what is done to it meanwhile, and the ledger at the end.</summary>
internal sealed class LedgerRun : IAsyncDisposable
{
    private static readonly string[] Queues = ["ledger-attempt-placed", "ledger-work", "ledger-work-done"];

    // A queue itself, its rungs, its dead letters.
    private static readonly string[] Places = ["", .. ((int[])[2, 5, 10, 15, 20, 25, 30, 40]).Select(seconds => $".retry-{seconds}s"), ".dead"];

    // All rungs of the ledger's ladder take two and a half minutes.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(8);
    private readonly LedgerSystem _system;
    private readonly ITestOutputHelper _output;
    private readonly LedgerLoad _load;
    private readonly List<(string Fault, Task<TimeSpan> Recovery)> _faults = [];

    private LedgerRun(LedgerSystem system, ITestOutputHelper output) => (_system, _output, _load) = (system, output, new LedgerLoad(system));

    internal static async Task<LedgerRun> StartAsync(LedgerSystem system, ITestOutputHelper output)
    {
        await system.StartNodesAsync();
        var run = new LedgerRun(system, output);
        await run._load.RecoveryAsync();
        return run;
    }

    /// <summary>Lets the load go on until so many more attempts are acknowledged.</summary>
    internal Task ContinueAsync(int acknowledged) => _load.MoreAcknowledgedAsync(acknowledged);

    /// <summary>Notes a fault, and measures from now on how long the chain takes to come back.</summary>
    internal void Happens(string fault) => _faults.Add((fault, _load.RecoveryAsync()));

    /// <summary>Waits until the chain works again.</summary>
    internal Task RecoveredAsync() => Task.WhenAll(_faults.Select(fault => fault.Recovery));

    /// <summary>Ends the load, lets everything settle, and compares what was attempted with what happened.</summary>
    internal async Task<LedgerReport> AssertLedgerAsync()
    {
        var unfinished = "";
        try
        {
            await RecoveredAsync();
            await _load.FinishAsync();
            await SettleAsync();
        }
        catch (TimeoutException exception)
        {
            // The ledger says what is missing.
            unfinished = exception.Message;
        }
        var left = await LeftAsync();
        var report = LedgerReport.Of(_load.Attempted, _load.Acknowledged, await StepsAsync());
        Print(report);
        Assert.True(report.Holds && left.Count == 0 && unfinished.Length == 0, $"{unfinished}\nleft: {string.Join(", ", left)}\n{report}\n{_system.LogTails()}");
        return report;
    }

    public ValueTask DisposeAsync() => _load.DisposeAsync();

    /// <summary>Nothing is anywhere any more, also not in the hands of a node.</summary>
    private async Task SettleAsync()
    {
        do
        {
            await _system.StartNodesAsync();
            await Eventually.GetAsync(LeftAsync, left => left.Count == 0, Limit);
            await _system.StopNodesAsync();
            // The broker gives back what a consumer held when it lets the consumer go.
            await Eventually.GetAsync(ConsumersAsync, consumers => consumers == 0, Limit);
        }
        while ((await LeftAsync()).Count > 0);
    }

    private async Task<long> ConsumersAsync()
    {
        await using var connection = await new ConnectionFactory { Uri = new Uri(_system.Bus) }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        var consumers = 0L;
        foreach (var queue in Queues)
            consumers += await channel.ConsumerCountAsync(queue);
        return consumers;
    }

    /// <summary>Where messages lie: the outbox, queues, rungs, dead letters.</summary>
    private async Task<List<string>> LeftAsync()
    {
        var pending = await _system.TryQueryAsync("SELECT count(*) FROM outbox", row => row.GetInt64(0));
        List<string> left = pending is [0] ? [] : [$"outbox: {(pending is null ? "away" : pending[0])}"];
        try
        {
            await using var connection = await new ConnectionFactory { Uri = new Uri(_system.Bus) }.CreateConnectionAsync();
            await using var channel = await connection.CreateChannelAsync();
            foreach (var queue in Queues.SelectMany(queue => Places.Select(place => queue + place)))
            {
                if (await channel.MessageCountAsync(queue) is > 0 and var count)
                    left.Add($"{queue}: {count}");
            }
        }
        catch (Exception exception) when (exception is BrokerUnreachableException or OperationInterruptedException)
        {
            left.Add($"RabbitMQ: {exception.Message}");
        }
        return left;
    }

    private async Task<List<Steps>> StepsAsync() => (await _system.TryQueryAsync("""
        SELECT attempt, count(*) FILTER (WHERE stage = 'placed'), count(*) FILTER (WHERE stage = 'taken'), count(*) FILTER (WHERE stage = 'done')
        FROM entries WHERE attempt BETWEEN $1 AND $2 GROUP BY attempt
        """, row => new Steps(row.GetInt64(0), row.GetInt32(1), row.GetInt32(2), row.GetInt32(3)), _load.Attempted.Min(), _load.Attempted.Max()))!;

    private void Print(LedgerReport report)
    {
        _output.WriteLine(report.ToString());
        _output.WriteLine($"{"killed",-28}{"times",6}{"seconds to recover: median",28}{"longest",9}");
        foreach (var kind in _faults.GroupBy(fault => fault.Fault, fault => fault.Recovery).OrderBy(kind => kind.Key, StringComparer.Ordinal))
        {
            var seconds = kind.Where(recovery => recovery.IsCompletedSuccessfully).Select(recovery => recovery.Result.TotalSeconds).Order().ToArray();
            if (seconds.Length > 0)
                _output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{kind.Key,-28}{kind.Count(),6}{seconds[seconds.Length / 2],28:0.0}{seconds[^1],9:0.0}"));
        }
    }
}

namespace PhotoPlatform.Messaging.Bench;

/// <summary>One relay on a table that is full: as fast at the end as at the beginning, in memory that stays the same.</summary>
internal static class Backlog
{
    private const double Megabyte = 1024 * 1024;

    internal static async Task RunAsync(Servers servers, Options options, CancellationToken cancellationToken)
    {
        var rows = options.Rows ?? 1_000_000;
        // The relay's process begins cold: that would flatter the end.
        var warmUp = rows / 20;
        var tenth = rows / 10;
        var all = warmUp + rows;
        await PiledUp.FillAsync(servers, all, cancellationToken);
        Figures.Print($"{all} messages of 1 kB are pending; the first {warmUp} warm the relay up");

        await using var drain = await Drain.StartAsync(servers, all, cancellationToken);
        var before = servers.ProcessorTime();
        var relay = RelayProcess.Start(servers);
        await using (relay)
            await drain.WaitAsync(cancellationToken);
        var used = servers.ProcessorTime() - before;
        var duplicates = await drain.FinishAsync(cancellationToken);
        if (duplicates > 0)
            throw new BenchFailedException($"backlog: {duplicates} messages came twice.");

        var parts = Enumerable.Range(0, 10).Select(part => warmUp + (part * tenth)).Select(from => (
            From: from - warmUp, Rate: drain.Rate(from, from + tenth - 1), Memory: relay.MostBetween(drain.At(from), drain.At(from + tenth - 1)))).ToList();
        foreach (var (from, rate, memory) in parts)
            Figures.Print($"messages {from,7} to {from + tenth,7} {rate,8:0} messages/s   relay: heap {memory.Heap / Megabyte,4:0} MB, resident {memory.Resident / Megabyte,4:0} MB");
        Figures.Print($"processor time in seconds per 1,000 messages: PostgreSQL {used.Postgres.TotalSeconds * 1000 / all:0.00}, RabbitMQ {used.RabbitMQ.TotalSeconds * 1000 / all:0.00}");
        Figures.Ratio("backlog-last/first", parts[^1].Rate / parts[0].Rate);
        Figures.Ratio("backlog-relay-memory-last/first", (double)parts[^1].Memory.Resident / parts[0].Memory.Resident);
    }
}

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

        for (var part = 0; part < 10; part++)
        {
            var from = warmUp + (part * tenth);
            Figures.Print($"messages {from - warmUp,8} to {from - warmUp + tenth,8}  {drain.Rate(from, from + tenth),8:0} messages/s");
        }
        var memory = relay.Samples;
        foreach (var part in Enumerable.Range(0, 10).Select(part => memory.Skip(memory.Count * part / 10).Take(Math.Max(1, memory.Count / 10)).ToList()))
            Figures.Print($"relay memory         heap at most {part.Max(sample => sample.Heap) / Megabyte,6:0} MB   resident {part.Max(sample => sample.Resident) / Megabyte,6:0} MB");
        Figures.Print($"processor time in seconds per 1,000 messages: PostgreSQL {used.Postgres.TotalSeconds * 1000 / all:0.00}, RabbitMQ {used.RabbitMQ.TotalSeconds * 1000 / all:0.00}");
        Figures.Ratio("backlog-last/first", drain.Rate(all - tenth, all) / drain.Rate(warmUp, warmUp + tenth));
        Figures.Ratio("backlog-memory-last/first", (double)memory[^1].Resident / memory[memory.Count / 10].Resident);
    }
}

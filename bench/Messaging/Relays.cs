namespace PhotoPlatform.Messaging.Bench;

/// <summary>Several relay processes on one table: together not slower than one, and no message twice.</summary>
internal static class Relays
{
    private static readonly int[] Counts = [1, 2, 4];

    internal static async Task RunAsync(Servers servers, Options options, CancellationToken cancellationToken)
    {
        var rows = options.Rows ?? 200_000;
        // Processes begin cold, and several of them colder.
        var warmUp = rows / 4;
        var rates = Counts.ToDictionary(count => count, _ => new List<double>());
        for (var round = 0; round < (options.Runs ?? 3); round++)
        {
            foreach (var count in Counts.Skip(round % Counts.Length).Concat(Counts.Take(round % Counts.Length)))
            {
                await PiledUp.FillAsync(servers, warmUp + rows, cancellationToken);
                await using var drain = await Drain.StartAsync(servers, warmUp + rows, cancellationToken);
                var relays = Enumerable.Range(0, count).Select(_ => RelayProcess.Start(servers)).ToList();
                try
                {
                    await drain.WaitAsync(cancellationToken);
                }
                finally
                {
                    await Task.WhenAll(relays.Select(relay => relay.DisposeAsync().AsTask()));
                }
                var duplicates = await drain.FinishAsync(cancellationToken);
                rates[count].Add(drain.Rate(warmUp, warmUp + rows - 1));
                Figures.Print($"run {round + 1}  {count} relays  {rates[count][^1],8:0} messages/s   duplicates {duplicates}");
                if (duplicates > 0)
                    throw new BenchFailedException($"{count} relays: {duplicates} messages came twice.");
            }
        }
        foreach (var (count, values) in rates)
            Figures.Print($"median {count} relays  {Figures.Median(values),8:0} messages/s   ({values.Min():0} to {values.Max():0} messages/s)");
        foreach (var count in Counts[1..])
            Figures.Ratio($"relays-{count}/1", Figures.Median(rates[count]) / Figures.Median(rates[1]));
    }
}

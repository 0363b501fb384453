using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace PhotoPlatform.Messaging.Bench;

/// <summary>How long a message takes from its commit to its consumer when nothing else is under way: one after the other, each way in turn.</summary>
internal static class Latency
{
    // The relay has deleted the row of one message before the next comes.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    internal static async Task RunAsync(Servers servers, Options options, CancellationToken cancellationToken)
    {
        Variant[] variants = [Variant.Direct, Variant.Raw, Variant.Outbox];
        var warmUp = variants.Length * 100;
        var tally = new Tally(warmUp + (variants.Length * options.Samples));
        var consumer = await Services.StartAsync(servers, Services.Acknowledge, tally, cancellationToken);
        var direct = await Services.StartAsync(servers, Services.PublishDirectly, tally, cancellationToken);
        var outbox = await Services.StartAsync(servers, Services.PublishWithOutbox, tally, cancellationToken);
        var samples = variants.ToDictionary(variant => variant.Name, _ => new List<(double FromSave, double FromCommit)>());
        for (var number = 0; number < warmUp + (variants.Length * options.Samples); number++)
        {
            await Task.Delay(Pause, cancellationToken);
            var variant = variants[number % variants.Length];
            var scope = (variant == Variant.Outbox ? outbox : direct).Services.CreateAsyncScope();
            await using (scope)
            {
                var start = Stopwatch.GetTimestamp();
                var committed = await variant.Request(scope.ServiceProvider, BenchMessage.Of(number), cancellationToken);
                await tally.WaitAsync(number + 1, cancellationToken);
                if (number >= warmUp)
                    samples[variant.Name].Add((Milliseconds(start, tally.ConsumedAt(number)), Milliseconds(committed, tally.ConsumedAt(number))));
            }
        }
        foreach (var service in new[] { outbox, direct, consumer })
            await Services.StopAsync(service);
        tally.Check("latency");

        foreach (var (name, values) in samples)
        {
            Print(name, "from before the save", values.ConvertAll(value => value.FromSave));
            Print(name, "from the commit", values.ConvertAll(value => value.FromCommit));
        }
        var ours = samples[Variant.Outbox.Name].ConvertAll(value => value.FromSave);
        foreach (var name in new[] { Variant.Direct.Name, Variant.Raw.Name })
        {
            var theirs = samples[name].ConvertAll(value => value.FromSave);
            foreach (var (quantile, text) in new[] { (0.5, "p50"), (0.99, "p99") })
            {
                Figures.Print($"DIFFERENCE latency-{text} outbox-{name} {Figures.At(ours, quantile) - Figures.At(theirs, quantile):+0.00;-0.00} ms");
                Figures.Ratio($"latency-{text}-outbox/{name}", Figures.At(ours, quantile) / Figures.At(theirs, quantile));
            }
        }
    }

    private static double Milliseconds(long from, long to) => (to - from) * 1000.0 / Stopwatch.Frequency;

    private static void Print(string name, string from, List<double> values) =>
        Figures.Print($"{name,-12} to the consumer {from,-22} p50 {Figures.At(values, 0.5),6:0.00} ms   p99 {Figures.At(values, 0.99),6:0.00} ms   n {values.Count}");
}

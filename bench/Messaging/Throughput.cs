using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace PhotoPlatform.Messaging.Bench;

/// <summary>Messages per second through the whole way, from the request to the acknowledgement, each variant in turn.</summary>
internal static class Throughput
{
    private static readonly ActivitySource Activities = new("PhotoPlatform.Bench");

    internal static async Task RunAsync(Servers servers, Options options, CancellationToken cancellationToken)
    {
        var variants = Variant.All.Where(variant => options.Only.Count == 0 || options.Only.Contains(variant.Name)).ToList();
        var results = variants.ToDictionary(variant => variant.Name, _ => new List<Result>());
        Figures.Print($"{options.Messages} messages of 1 kB a run, {options.Producers} producers; processor time in seconds per 1,000 messages");
        // Once for the compiler, which optimises what runs often.
        foreach (var variant in variants)
            await MeasureAsync(servers, variant, options.Messages / 5, options.Producers, cancellationToken);
        for (var round = 0; round < (options.Runs ?? 5); round++)
        {
            // Each round begins with another one.
            foreach (var variant in variants.Skip(round % variants.Count).Concat(variants.Take(round % variants.Count)))
            {
                var result = await MeasureAsync(servers, variant, options.Messages, options.Producers, cancellationToken);
                results[variant.Name].Add(result);
                Figures.Print($"run {round + 1}  {variant.Name,-16}{result.Rate,8:0} messages/s   {Describe(result)}");
            }
        }

        var medians = results.ToDictionary(pair => pair.Key, pair => MedianOf(pair.Value));
        foreach (var (name, median) in medians)
            Figures.Print($"median {name,-16}{median.Rate,8:0} messages/s   {Describe(median)}   ({results[name].Min(run => run.Rate):0} to {results[name].Max(run => run.Rate):0} messages/s)");
        foreach (var (outbox, direct) in new[] { ("outbox", "direct"), ("outbox", "direct-raw"), ("outbox+inbox", "direct+row"), ("outbox+inbox", "direct-raw+row") })
        {
            if (!medians.TryGetValue(outbox, out var ours) || !medians.TryGetValue(direct, out var theirs))
                continue;
            Figures.Ratio($"{outbox}/{direct}", ours.Rate / theirs.Rate);
            // The same, as far as a machine can tell that is busy with something else too.
            Figures.Ratio($"processor-time-{outbox}/{direct}", ours.ProcessorTime / theirs.ProcessorTime);
        }
    }

    private static Result MedianOf(List<Result> runs) => new(
        Figures.Median(runs.ConvertAll(run => run.Rate)), Figures.Median(runs.ConvertAll(run => run.Bench)), Figures.Median(runs.ConvertAll(run => run.Postgres)), Figures.Median(runs.ConvertAll(run => run.RabbitMQ)));

    private static string Describe(Result result) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"processor: this process {result.Bench:0.00}, PostgreSQL {result.Postgres:0.00}, RabbitMQ {result.RabbitMQ:0.00}");

    private static async Task<Result> MeasureAsync(Servers servers, Variant variant, int messages, int producers, CancellationToken cancellationToken)
    {
        await servers.CleanAsync(cancellationToken);
        var warmUp = messages / 5;
        var all = warmUp + messages;
        var tally = new Tally(all);
        var consumer = await Services.StartAsync(servers, variant.Consumer, tally, cancellationToken);
        var publisher = await Services.StartAsync(servers, variant.Publisher, tally, cancellationToken);

        await PublishAsync(publisher.Services, variant, producers, 0, warmUp, cancellationToken);
        await tally.WaitAsync(warmUp, cancellationToken);
        GC.Collect();
        var before = servers.ProcessorTime();
        var start = Stopwatch.GetTimestamp();
        var consumed = tally.WaitAsync(all, cancellationToken);
        await PublishAsync(publisher.Services, variant, producers, warmUp, all, cancellationToken);
        var seconds = Stopwatch.GetElapsedTime(start, await consumed).TotalSeconds;
        var used = servers.ProcessorTime() - before;

        await Services.StopAsync(publisher);
        await Services.StopAsync(consumer);
        tally.Check(variant.Name);
        await CheckRowsAsync(Services.Publisher, all);
        await CheckRowsAsync(Services.Consumer, variant.WritesRow ? all : 0);
        return new Result(messages / seconds, PerThousand(used.Bench), PerThousand(used.Postgres), PerThousand(used.RabbitMQ));

        double PerThousand(TimeSpan time) => time.TotalSeconds * 1000 / messages;

        async Task CheckRowsAsync(string service, long expected)
        {
            var rows = await servers.CountAsync(service, "rows", cancellationToken);
            if (rows != expected)
                throw new BenchFailedException($"{variant.Name}: the {service} has {rows} rows and should have {expected}.");
        }
    }

    private static Task PublishAsync(IServiceProvider services, Variant variant, int producers, int from, int to, CancellationToken cancellationToken)
    {
        var next = from - 1;
        return Task.WhenAll(Enumerable.Range(0, producers).Select(_ => Task.Run(ProduceAsync, cancellationToken)));

        async Task ProduceAsync()
        {
            while (Interlocked.Increment(ref next) is var number && number < to)
            {
                using var request = Activities.StartActivity("request");
                var scope = services.CreateAsyncScope();
                await using (scope)
                    await variant.Request(scope.ServiceProvider, BenchMessage.Of(number), cancellationToken);
            }
        }
    }

    /// <param name="Rate">Messages per second.</param>
    /// <param name="Bench">Processor time of producers, relay and consumer: seconds per 1,000 messages.</param>
    /// <param name="Postgres">That of PostgreSQL.</param>
    /// <param name="RabbitMQ">That of RabbitMQ.</param>
    private sealed record Result(double Rate, double Bench, double Postgres, double RabbitMQ)
    {
        internal double ProcessorTime => Bench + Postgres + RabbitMQ;
    }
}

using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace PhotoPlatform.Messaging.Bench;

/// <summary>A relay in a process of its own, as a replica of the publishing service has it.</summary>
internal sealed class RelayProcess : IAsyncDisposable
{
    /// <summary>The argument with which this program is a relay: settings in its environment, until its input ends; it prints the size of its heap.</summary>
    internal const string Command = "relay";

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private readonly Process _process;
    private readonly List<Memory> _memory = [];
    private readonly Task _reading;

    private RelayProcess(Process process)
    {
        _process = process;
        _reading = ReadAsync();
    }

    /// <summary>The most memory that it was seen to have between two times, or shortly before. To be asked when it has ended.</summary>
    internal Memory MostBetween(long from, long to)
    {
        var samples = _memory.Where(sample => sample.At >= from && sample.At < to).DefaultIfEmpty(_memory.LastOrDefault(sample => sample.At < to)).ToList();
        return new Memory(to, samples.Max(sample => sample.Heap), samples.Max(sample => sample.Resident));
    }

    internal static RelayProcess Start(Servers servers)
    {
        var start = new ProcessStartInfo("dotnet", [Environment.GetCommandLineArgs()[0], Command]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var (key, value) in servers.Settings)
            start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        return new RelayProcess(Process.Start(start)!);
    }

    /// <summary>The process itself.</summary>
    internal static async Task<int> RunAsync()
    {
        var settings = new ConfigurationBuilder().AddEnvironmentVariables().Build().AsEnumerable().Where(setting => setting.Key.StartsWith("ConnectionStrings:", StringComparison.Ordinal)).ToDictionary();
        var service = Services.Create(settings, Services.PublishWithOutbox, new Tally(0));
        await service.StartAsync();
        // Of the console's reader even this blocks.
        var ended = Task.Run(Console.In.ReadToEnd);
        while (await Task.WhenAny(ended, Task.Delay(Interval)) != ended)
            Console.WriteLine(GC.GetTotalMemory(forceFullCollection: false).ToString(CultureInfo.InvariantCulture));
        await Services.StopAsync(service);
        return 0;
    }

    /// <summary>Ends it, once what it had claimed is done.</summary>
    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        await _reading;
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            try
            {
                _memory.Add(new Memory(Stopwatch.GetTimestamp(), long.Parse(line, CultureInfo.InvariantCulture), ProcessFamily.ResidentBytes(_process.Id)));
            }
            catch (Exception exception) when (exception is IOException or InvalidOperationException)
            {
                // It has just ended.
            }
        }
    }

    /// <param name="At">When, by the stopwatch.</param>
    /// <param name="Heap">Bytes of its heap.</param>
    /// <param name="Resident">Bytes of the process that are in memory.</param>
    internal readonly record struct Memory(long At, long Heap, long Resident);
}

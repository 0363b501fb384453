using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace PhotoPlatform.Messaging.Bench;

/// <summary>A relay in a process of its own, as a replica of the publishing service has it.</summary>
internal sealed class RelayProcess : IAsyncDisposable
{
    /// <summary>The argument with which this program is a relay: settings in its environment, until its input ends; it prints the size of its heap.</summary>
    internal const string Command = "relay";

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private readonly Process _process;
    private readonly List<Memory> _memory = [];
    private readonly Task _reading;

    private RelayProcess(Process process)
    {
        _process = process;
        _reading = ReadAsync();
    }

    /// <summary>What it has used so far, to be read when it has ended.</summary>
    internal IReadOnlyList<Memory> Samples => _memory;

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
        var ended = Console.In.ReadToEndAsync();
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
                _memory.Add(new Memory(long.Parse(line, CultureInfo.InvariantCulture), ProcessFamily.ResidentBytes(_process.Id)));
            }
            catch (Exception exception) when (exception is IOException or InvalidOperationException)
            {
                // It has just ended.
            }
        }
    }

    /// <param name="Heap">Bytes of its heap.</param>
    /// <param name="Resident">Bytes of the process that are in memory.</param>
    internal readonly record struct Memory(long Heap, long Resident);
}

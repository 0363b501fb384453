using System.Globalization;

namespace PhotoPlatform.Messaging.Bench;

/// <summary>Processor time of all that work on messages.</summary>
internal readonly record struct ProcessorTime(TimeSpan Bench, TimeSpan Postgres, TimeSpan RabbitMQ)
{
    public static ProcessorTime operator -(ProcessorTime later, ProcessorTime earlier) =>
        new(later.Bench - earlier.Bench, later.Postgres - earlier.Postgres, later.RabbitMQ - earlier.RabbitMQ);
}

/// <summary>What Linux says of a process and its descendants.</summary>
internal static class ProcessFamily
{
    // The unit of /proc/PID/stat: USER_HZ is 100 on every architecture that .NET runs on.
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    /// <summary>Of the process and its descendants, also those that have ended.</summary>
    internal static TimeSpan ProcessorTime(int root)
    {
        var all = Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, CultureInfo.InvariantCulture, out _)).Select(name => Read(name!)).OfType<Entry>().ToList();
        return Of(root).Sum(entry => entry.Ticks) * Tick;

        IEnumerable<Entry> Of(int parent) => all.Where(entry => entry.Id == parent).Concat(all.Where(entry => entry.Parent == parent).SelectMany(child => Of(child.Id)));
    }

    /// <summary>The memory of a process that is in use now, in bytes.</summary>
    internal static long ResidentBytes(int process) => 1024 * long.Parse(
        File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);

    private static Entry? Read(string process)
    {
        try
        {
            // The name in parentheses may hold anything; after it come state, parent, ..., and as 12th to 15th the times of the process and of its ended children.
            var stat = File.ReadAllText($"/proc/{process}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return new Entry(int.Parse(process, CultureInfo.InvariantCulture), int.Parse(fields[1], CultureInfo.InvariantCulture), fields[11..15].Sum(field => long.Parse(field, CultureInfo.InvariantCulture)));
        }
        catch (IOException)
        {
            return null; // It has just ended.
        }
    }

    private sealed record Entry(int Id, int Parent, long Ticks);
}

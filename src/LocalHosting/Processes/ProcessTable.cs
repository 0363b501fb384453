using System.Globalization;
using System.Text;

namespace LocalHosting.Processes;

/// <summary>A process as <c>/proc</c> shows it. Its start time (in clock ticks since boot) tells it from a later one with the same id.</summary>
internal readonly record struct ProcessEntry(int Pid, int Parent, int Session, long StartTime, bool IsZombie);

/// <summary>Reads <c>/proc</c>.</summary>
internal static class ProcessTable
{
    public static ProcessEntry? Find(int pid)
    {
        string stat;
        try
        {
            stat = File.ReadAllText($"/proc/{pid}/stat");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        // The name in parentheses may hold spaces and parentheses itself; the numbers follow its end.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return new ProcessEntry(pid, Number(fields[1]), Number(fields[3]), long.Parse(fields[19], CultureInfo.InvariantCulture), fields[0] is "Z" or "X");
    }

    public static IReadOnlyList<ProcessEntry> All()
    {
        var entries = new List<ProcessEntry>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && Find(pid) is { IsZombie: false } entry)
                entries.Add(entry);
        }
        return entries;
    }

    /// <summary>The process itself, its descendants, everything in its session, and whatever carries the mark in its environment (daemons leave the session).</summary>
    public static IReadOnlyList<ProcessEntry> Family(int root, string mark)
    {
        var all = All();
        var family = all.Where(entry => entry.Pid == root || entry.Session == root).Select(entry => entry.Pid).ToHashSet();
        var known = 0;
        while (family.Count > known)
        {
            known = family.Count;
            family.UnionWith(all.Where(entry => family.Contains(entry.Parent)).Select(entry => entry.Pid).ToArray());
        }
        return [.. all.Where(entry => family.Contains(entry.Pid) || Carries(entry.Pid, mark))];
    }

    /// <summary>Every process whose environment holds the text, other than this one.</summary>
    public static IReadOnlyList<ProcessEntry> Carrying(string text) =>
        [.. All().Where(entry => entry.Pid != Environment.ProcessId && Carries(entry.Pid, text))];

    private static bool Carries(int pid, string text)
    {
        try
        {
            return File.ReadAllBytes($"/proc/{pid}/environ").AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static int Number(string field) => int.Parse(field, CultureInfo.InvariantCulture);
}

using System.Globalization;
using System.Text;

namespace PhotoPlatform.Messaging.Tests;

/// <summary>How often the steps of an attempt happened.</summary>
internal readonly record struct Steps(long Attempt, int Placed, int Taken, int Done)
{
    internal bool IsWhole => this is { Placed: 1, Taken: 1, Done: 1 };

    internal bool IsNothing => this is { Placed: 0, Taken: 0, Done: 0 };

    internal bool Misses => Placed == 0 || Taken == 0 || Done == 0;

    internal bool Repeats => Placed > 1 || Taken > 1 || Done > 1;
}

/// <summary>
/// The verdict on a load, in the words of Jepsen's queue checkers. An attempt whose answer never came may have happened or not; if it did, then wholly ("recovered").
/// </summary>
internal sealed record LedgerReport(int Attempted, int Acknowledged, int Ok, int Recovered, IReadOnlyList<Steps> Lost, IReadOnlyList<Steps> Duplicated, IReadOnlyList<Steps> Unexpected)
{
    internal static LedgerReport Of(IReadOnlyCollection<long> attempted, IReadOnlyCollection<long> acknowledged, IReadOnlyCollection<Steps> happened)
    {
        var steps = happened.ToDictionary(found => found.Attempt);
        var ours = attempted.Select(attempt => steps.GetValueOrDefault(attempt, new Steps(attempt, 0, 0, 0))).ToList();
        var known = acknowledged.ToHashSet();
        var strangers = happened.ExceptBy(attempted, found => found.Attempt);
        return new LedgerReport(
            attempted.Count,
            known.Count,
            ours.Count(found => found.IsWhole && known.Contains(found.Attempt)),
            ours.Count(found => found.IsWhole && !known.Contains(found.Attempt)),
            [.. ours.Where(found => found.Misses && (known.Contains(found.Attempt) || found.Placed > 0))],
            [.. ours.Where(found => found.Repeats)],
            [.. ours.Where(found => found.Placed == 0 && !found.IsNothing), .. strangers]);
    }

    internal bool Holds => Lost.Count + Duplicated.Count + Unexpected.Count == 0;

    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var (name, count) in new[]
        {
            ("attempted", Attempted), ("acknowledged", Acknowledged), ("ok", Ok), ("recovered", Recovered), ("lost", Lost.Count), ("duplicated", Duplicated.Count), ("unexpected", Unexpected.Count),
        })
            text.Append(CultureInfo.InvariantCulture, $"{name,-14}{count,8}\n");
        foreach (var (name, list) in new[] { ("lost", Lost), ("duplicated", Duplicated), ("unexpected", Unexpected) })
        {
            foreach (var found in list.Take(20))
                text.Append(CultureInfo.InvariantCulture, $"{name}: attempt {found.Attempt} was placed {found.Placed}, taken {found.Taken}, done {found.Done} times\n");
        }
        return text.ToString();
    }
}

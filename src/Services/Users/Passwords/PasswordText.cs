using System.Globalization;
using System.Text;

namespace PhotoPlatform.Users.Passwords;

/// <summary>
/// Passwords in Unicode's form NFKC (UAX #15), so that one typed on another keyboard or system is the same: as NIST SP 800-63B asks.
/// The platform runs without ICU, where .NET's own normalisation leaves text as it is; hence this one, over the Unicode Character Database's own table.
/// </summary>
internal static class PasswordText
{
    private const int HangulS = 0xAC00, HangulL = 0x1100, HangulV = 0x1161, HangulT = 0x11A7;
    private const int LCount = 19, VCount = 21, TCount = 28, SCount = LCount * VCount * TCount;
    private static readonly Tables Data = Tables.Read();

    /// <summary>The text in NFKC. Half a surrogate pair becomes U+FFFD.</summary>
    internal static string Normalise(string text)
    {
        if (text.All(char.IsAscii))
            return text;
        var points = new List<int>(text.Length * 2);
        foreach (var rune in text.EnumerateRunes())
            Decompose(rune.Value, points);
        Order(points);
        var result = new StringBuilder();
        foreach (var point in Compose(points))
            result.Append(new Rune(point).ToString());
        return result.ToString();
    }

    private static void Decompose(int point, List<int> into)
    {
        if (point - HangulS is >= 0 and < SCount and var s)
        {
            into.Add(HangulL + (s / (VCount * TCount)));
            into.Add(HangulV + (s % (VCount * TCount) / TCount));
            if (s % TCount is > 0 and var t)
                into.Add(HangulT + t);
        }
        else if (Data.Decompositions.TryGetValue(point, out var parts))
        {
            into.AddRange(parts);
        }
        else
        {
            into.Add(point);
        }
    }

    /// <summary>The canonical order: marks sorted by class between two starters, marks of one class as they came.</summary>
    private static void Order(List<int> points)
    {
        for (var i = 1; i < points.Count; i++)
        {
            var (point, rank) = (points[i], ClassOf(points[i]));
            var at = i;
            for (; rank > 0 && at > 0 && ClassOf(points[at - 1]) > rank; at--)
                points[at] = points[at - 1];
            points[at] = point;
        }
    }

    private static List<int> Compose(List<int> points)
    {
        var result = new List<int>(points.Count);
        var (starter, last) = (-1, 0);
        foreach (var point in points)
        {
            var rank = ClassOf(point);
            // A mark or starter joins the starter unless something of its class or a higher one stands between.
            if (starter >= 0 && (result.Count - 1 == starter || (last != 0 && last < rank)) && Pair(result[starter], point) is { } composite)
            {
                result[starter] = composite;
                continue;
            }
            if (rank == 0)
                starter = result.Count;
            last = rank;
            result.Add(point);
        }
        return result;
    }

    private static int? Pair(int first, int second)
    {
        if (first - HangulL is >= 0 and < LCount and var l && second - HangulV is >= 0 and < VCount and var v)
            return HangulS + (((l * VCount) + v) * TCount);
        if (first - HangulS is >= 0 and < SCount and var s && s % TCount == 0 && second - HangulT is > 0 and < TCount and var t)
            return first + t;
        return Data.Composites.TryGetValue((first, second), out var composite) ? composite : null;
    }

    private static int ClassOf(int point) => Data.Classes.GetValueOrDefault(point);

    private sealed record Tables(Dictionary<int, int[]> Decompositions, Dictionary<int, int> Classes, Dictionary<(int, int), int> Composites)
    {
        internal static Tables Read()
        {
            var tables = new Tables([], [], []);
            foreach (var line in EmbeddedText.Lines("nfkc.txt"))
            {
                switch (line.Split(' '))
                {
                    case ["D", var point, .. var parts]:
                        tables.Decompositions[Hex(point)] = [.. parts.Select(Hex)];
                        break;
                    case ["C", var point, var rank]:
                        tables.Classes[Hex(point)] = int.Parse(rank, CultureInfo.InvariantCulture);
                        break;
                    case ["P", var first, var second, var composite]:
                        tables.Composites[(Hex(first), Hex(second))] = Hex(composite);
                        break;
                }
            }
            return tables;
        }

        private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}

/// <summary>The text files inside the program.</summary>
internal static class EmbeddedText
{
    /// <summary>The lines of one of them.</summary>
    internal static IEnumerable<string> Lines(string name)
    {
        using var stream = typeof(EmbeddedText).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"The program lacks its file '{name}'.");
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
            yield return line;
    }
}

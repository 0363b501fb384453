using System.Globalization;
using System.Text;

namespace PhotoPlatform.Users.Exports;

/// <summary>
/// Names inside an archive that unpack everywhere and only below the folder where somebody unpacks it: no way up, no root, no drive, no device of Windows,
/// no control or direction characters, no two names that a file system without case takes for one.
/// </summary>
internal static class ArchivePath
{
    private const int MaxSegment = 100;
    private const int MaxSegments = 6;
    private static readonly HashSet<string> Devices = new(
        ["CON", "PRN", "AUX", "NUL", .. Enumerable.Range(0, 10).SelectMany(i => new[] { $"COM{i}", $"LPT{i}" })], StringComparer.OrdinalIgnoreCase);

    /// <summary>The safe form of a path, unlike any in <paramref name="taken"/>, to which it is added.</summary>
    internal static string Of(string path, HashSet<string> taken)
    {
        var segments = path.Split('/', '\\').Select(Clean).Where(segment => segment.Length > 0).TakeLast(MaxSegments).ToArray();
        var whole = segments.Length == 0 ? "file" : string.Join('/', segments);
        var dot = whole.LastIndexOf('.') is var last && last > whole.LastIndexOf('/') + 1 ? last : whole.Length;
        var name = whole;
        for (var i = 2; !taken.Add(name.ToUpperInvariant()); i++)
            name = string.Create(CultureInfo.InvariantCulture, $"{whole.AsSpan(0, dot)}-{i}{whole.AsSpan(dot)}");
        return name;
    }

    private static string Clean(string segment)
    {
        var text = new StringBuilder();
        foreach (var rune in segment.EnumerateRunes())
        {
            var kept = Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned) && rune.Value is not ('<' or '>' or ':' or '"' or '|' or '?' or '*' or 0xFFFD);
            text.Append(kept ? rune.ToString() : "_");
        }
        var name = text.ToString().Trim(' ', '.');
        if (name.Length > MaxSegment)
        {
            var extension = Path.GetExtension(name) is { Length: <= 10 } known ? known : "";
            var cut = MaxSegment - extension.Length;
            name = name[..(char.IsHighSurrogate(name[cut - 1]) ? cut - 1 : cut)] + extension;
        }
        return Devices.Contains(name.Split('.')[0]) ? $"_{name}" : name;
    }
}

using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace PhotoPlatform.Notifier.Mails;

/// <summary>A user's name as it may stand in a mail to somebody, for a name is free text of a stranger.</summary>
internal static partial class PlainName
{
    private const int MaxRunes = 60;
    private const string Nobody = "there";

    // Invisible, but without them many emoji fall apart.
    private static readonly Rune Joiner = new(0x200D);

    /// <summary>
    /// The name in one short line: without control characters, marks that turn the reading direction, and other invisible ones. When nothing is left, or what is left
    /// looks like a link (mail programs make links of such text, and anybody can sign up with a stranger's address), the handle in the same form, or "there".
    /// </summary>
    internal static string Of(string name, string handle = Nobody) => Plain(name) ?? Plain(handle) ?? Nobody;

    private static string? Plain(string name)
    {
        var text = new StringBuilder();
        var runes = 0;
        foreach (var rune in name.EnumerateRunes())
        {
            if (Rune.IsWhiteSpace(rune))
            {
                if (text.Length > 0 && text[^1] != ' ')
                    text.Append(' ');
            }
            else if (rune == Rune.ReplacementChar || (rune != Joiner && Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
                or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator))
            {
                continue;
            }
            else if (++runes <= MaxRunes)
                text.Append(rune);
        }
        var plain = text.ToString().Trim().Trim('\u200D');
        return plain.Length == 0 || Link().IsMatch(plain) ? null : plain;
    }

    [GeneratedRegex(@"://|\bwww\.|[\p{L}\p{N}]\.[\p{L}]{2,}|[\p{L}\p{N}]@[\p{L}\p{N}]", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Link();
}

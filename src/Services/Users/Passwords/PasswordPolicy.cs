using System.Text;
using PhotoPlatform.ServiceDefaults;

namespace PhotoPlatform.Users.Passwords;

/// <summary>
/// What a new password must be: 8 to 128 characters, counted as Unicode code points after normalisation (NIST SP 800-63B, section 3.1.1.2: each code point is one character),
/// none of the common ones, and not the account's own address or name. Nothing is asked of its make-up.
/// </summary>
internal static class PasswordPolicy
{
    internal const int MinLength = 8;
    internal const int MaxLength = 128;

    // Some of a password's characters are several UTF-16 units, and some more before they are normalised.
    private const int MaxUnits = MaxLength * 8;
    private static readonly HashSet<string> Common = [.. EmbeddedText.Lines("common-passwords.txt")];

    /// <summary>Whether a text can be anybody's password, so that it is worth a look.</summary>
    internal static bool IsPossible(string? password) => password is { Length: > 0 and <= MaxUnits } && CountOf(PasswordText.Normalise(password)) is >= 1 and <= MaxLength;

    /// <summary>Notes what is wrong with a new password.</summary>
    internal static void Check(FieldErrors errors, string field, string? password, string email, string handle)
    {
        var text = password is { Length: <= MaxUnits } ? PasswordText.Normalise(password) : "";
        errors.Check(field, CountOf(text) is >= MinLength and <= MaxLength, $"Must be {MinLength} to {MaxLength} characters.");
        var plain = text.ToLowerInvariant();
        errors.Check(field, !Common.Contains(plain), "Is one of the most common passwords, which are guessed first.");
        errors.Check(field, plain.Trim() is var trimmed && trimmed != email && trimmed != handle && trimmed != email.Split('@')[0], "Must not be your e-mail address or handle.");
    }

    private static int CountOf(string text) => text.EnumerateRunes().Count();
}

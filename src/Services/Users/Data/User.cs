using System.Net.Mail;

namespace PhotoPlatform.Users.Data;

/// <summary>An account.</summary>
internal sealed class User
{
    internal const int MaxDisplayName = 100;
    internal const int MaxAvatarUrl = 500;

    public required Guid Id { get; init; }

    /// <summary>The same as in the directory of handles, which never changes: lists of users need no second look-up.</summary>
    public required string Handle { get; init; }

    public required string DisplayName { get; set; }

    public required string PasswordHash { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Counts the changes of name and address that others were told of.</summary>
    public long Version { get; set; }

    /// <summary>Counts the changes of what the owner can edit.</summary>
    public long Revision { get; set; }

    /// <summary>A JSON object.</summary>
    public string Profile { get; set; } = "{}";

    /// <summary>The newest photo that was ever the avatar; with its version it says which later message is older.</summary>
    public Guid? AvatarPhotoId { get; set; }

    public int AvatarVersion { get; set; }

    /// <summary>Null when there is no avatar, also after the photo was deleted.</summary>
    public string? AvatarUrl { get; set; }

    /// <summary>The number of this user's rows as followee, exactly: changed in the transaction that adds or removes one.</summary>
    public int FollowerCount { get; set; }

    /// <summary>The number of this user's rows as follower.</summary>
    public int FollowingCount { get; set; }

    /// <summary>Whether text can be shown as a name: some characters that can be stored, none of them a control character.</summary>
    internal static bool IsDisplayName(string text) => text.Length is >= 1 and <= MaxDisplayName && !text.Any(char.IsControl) && Text.IsWellFormed(text);
}

/// <summary>The directory of e-mail addresses, lower case.</summary>
internal sealed class Login
{
    internal const int MaxEmail = 254;

    public required string Email { get; init; }

    public required Guid UserId { get; init; }

    /// <summary>The form in which addresses are kept and compared.</summary>
    internal static string Normalise(string? text) => text?.Trim().ToLowerInvariant() ?? "";

    /// <summary>Whether mail can be sent there: one ASCII address without a name.</summary>
    internal static bool IsEmail(string text) => text.Length is > 2 and <= MaxEmail
        && text.All(c => c is > ' ' and <= '~' and not ('<' or '>' or '"' or ',' or ';'))
        && MailAddress.TryCreate(text, out var parsed) && parsed.Address == text;
}

/// <summary>The directory of handles, lower case.</summary>
internal sealed class Handle
{
    internal const int MinName = 3;
    internal const int MaxName = 30;

    public required string Name { get; init; }

    public required Guid UserId { get; init; }

    /// <summary>Whether a handle may look like this.</summary>
    internal static bool IsName(string text) => text.Length is >= MinName and <= MaxName && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_');
}

/// <summary>What an account leaves behind for an hour: nothing but that it was closed. Until <see cref="DoneAt"/> its follows and exports are still being removed.</summary>
internal sealed class ClosedAccount
{
    public required Guid UserId { get; init; }

    public required DateTimeOffset ClosedAt { get; init; }

    public DateTimeOffset? DoneAt { get; set; }
}

/// <summary>A photo that was deleted while its messages may still be on their way; kept as long as they can be.</summary>
internal sealed class DeletedPhoto
{
    public required Guid PhotoId { get; init; }

    public required DateTimeOffset At { get; init; }
}

/// <summary>Text that can be stored.</summary>
internal static class Text
{
    /// <summary>Whether UTF-8 and PostgreSQL can hold it: no half of a surrogate pair and no U+0000.</summary>
    internal static bool IsWellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\0' || (char.IsSurrogate(text[i]) && !(i + 1 < text.Length && char.IsSurrogatePair(text[i], text[++i]))))
                return false;
        }
        return true;
    }
}

using PhotoPlatform.Media.Data;
using PhotoPlatform.ServiceDefaults;

namespace PhotoPlatform.Media.Photos;

/// <summary>Title and visibility of an upload, checked.</summary>
internal sealed record PhotoDetails(string Title, Visibility Visibility, FieldErrors Errors)
{
    internal static PhotoDetails Parse(string? title, string? visibility)
    {
        var errors = new FieldErrors();
        var parsed = ParseVisibility(errors, visibility) ?? Visibility.Private;
        var text = ParseTitle(errors, title) ?? "";
        return new PhotoDetails(errors.None ? text : "", parsed, errors);
    }

    /// <summary>Null when none is given, or it is none.</summary>
    internal static Visibility? ParseVisibility(FieldErrors errors, string? visibility)
    {
        if (visibility is null or "")
            return null;
        var parsed = Visibility.Private;
        var isOne = Enum.TryParse(visibility, ignoreCase: true, out parsed) && visibility.All(char.IsAsciiLetter);
        errors.Check("visibility", isOne, "Must be public, unlisted or private.");
        return isOne ? parsed : null;
    }

    /// <summary>One line without space around it; null when none is given.</summary>
    internal static string? ParseTitle(FieldErrors errors, string? title)
    {
        var text = title?.Trim();
        errors.Check("title", text is not { Length: > Photo.MaxTitle }, $"Must be at most {Photo.MaxTitle} characters.");
        errors.Check("title", text is null || (!text.Any(char.IsControl) && IsWellFormed(text)), "Must be text without control characters.");
        return text;
    }

    /// <summary>Lines that end with a line feed, without space around them; null when none are given.</summary>
    internal static string? ParseDescription(FieldErrors errors, string? description)
    {
        var text = description?.Trim().ReplaceLineEndings("\n");
        errors.Check("description", text is not { Length: > Photo.MaxDescription }, $"Must be at most {Photo.MaxDescription} characters.");
        errors.Check("description", text is null || (!text.Any(c => char.IsControl(c) && c != '\n') && IsWellFormed(text)), "Must be text without control characters other than line breaks.");
        return text;
    }

    private static bool IsWellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]) && !(i + 1 < text.Length && char.IsSurrogatePair(text[i], text[++i])))
                return false;
        }
        return true;
    }
}

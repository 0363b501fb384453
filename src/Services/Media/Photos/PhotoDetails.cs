using PhotoPlatform.Media.Data;
using PhotoPlatform.ServiceDefaults;

namespace PhotoPlatform.Media.Photos;

/// <summary>Title and visibility of an upload, checked.</summary>
internal sealed record PhotoDetails(string Title, Visibility Visibility, FieldErrors Errors)
{
    internal static PhotoDetails Parse(string? title, string? visibility)
    {
        var errors = new FieldErrors();
        var parsed = Visibility.Private;
        errors.Check("visibility", visibility is null or "" || (Enum.TryParse(visibility, ignoreCase: true, out parsed) && visibility.All(char.IsAsciiLetter)), "Must be public, unlisted or private.");

        var text = title?.Trim() ?? "";
        errors.Check("title", text.Length <= Photo.MaxTitle, $"Must be at most {Photo.MaxTitle} characters.");
        errors.Check("title", !text.Any(char.IsControl) && IsWellFormed(text), "Must be text without control characters.");
        return new PhotoDetails(errors.None ? text : "", parsed, errors);
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

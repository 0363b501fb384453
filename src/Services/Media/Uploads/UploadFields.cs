using PhotoPlatform.Media.Data;
using PhotoPlatform.Media.Photos;
using PhotoPlatform.ServiceDefaults;

namespace PhotoPlatform.Media.Uploads;

/// <summary>What a client says beside the image, whichever way it came: in a query, a form or a resumable upload's metadata.</summary>
/// <param name="Title">Or null.</param>
/// <param name="Visibility">Or null.</param>
/// <param name="Use"><c>avatar</c>, or null.</param>
internal sealed record UploadFields(string? Title, string? Visibility, string? Use)
{
    internal ParsedFields Parse()
    {
        var details = PhotoDetails.Parse(Title, Visibility);
        var avatar = string.Equals(Use, "avatar", StringComparison.OrdinalIgnoreCase);
        details.Errors.Check("use", avatar || Use is null or "", "Must be avatar, or not given.");
        // Everybody sees an avatar.
        return new ParsedFields(details.Title, avatar ? Data.Visibility.Public : details.Visibility, avatar, details.Errors);
    }
}

/// <summary>The same, checked.</summary>
internal sealed record ParsedFields(string Title, Visibility Visibility, bool Avatar, FieldErrors Errors);

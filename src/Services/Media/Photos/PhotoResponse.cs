using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Media.Delivery;

namespace PhotoPlatform.Media.Photos;

/// <summary>A photo as its owner sees it.</summary>
/// <param name="State">pending, ready, rejected or failed.</param>
/// <param name="Reason">Of a rejected or failed photo, why: a stable code.</param>
/// <param name="Width">In pixels.</param>
/// <param name="Height">In pixels.</param>
/// <param name="Placeholder">BlurHash.</param>
/// <param name="Avatar">Whether it is its owner's portrait, which is in no gallery.</param>
internal sealed record PhotoResponse(
    Guid Id, Guid OwnerId, string Title, string Description, string Visibility, string State, string? Reason, int Width, int Height, string? Placeholder,
    IReadOnlyList<RenditionResponse> Renditions, bool Avatar, DateTimeOffset CreatedAt)
{
    /// <param name="photo">With its renditions.</param>
    /// <param name="urls">Their addresses.</param>
    /// <param name="daysAgo">0, or which day's answer to make: signed addresses change at midnight.</param>
    internal static PhotoResponse Of(Photo photo, RenditionUrl urls, int daysAgo = 0) => new(
        photo.Id, photo.OwnerId, photo.Title, photo.Description, Lower(photo.Visibility), Lower(photo.State), photo.Reason, photo.Width, photo.Height, photo.Placeholder,
        RenditionResponse.Of(photo, urls, daysAgo), photo.Avatar, photo.CreatedAt);

    private static string Lower<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();
}

/// <summary>One rendition: width and height in pixels. The address of a private one is signed, and good for at least a day.</summary>
internal sealed record RenditionResponse(string Name, string Url, int Width, int Height, string ContentType, long Bytes)
{
    // Renditions of a small photo have one size, so sizes do not order them.
    private static readonly string[] Order = [.. RenditionSet.Default.Specs.Select(spec => spec.Name)];

    internal static IReadOnlyList<RenditionResponse> Of(Photo photo, RenditionUrl urls, int daysAgo = 0) =>
        [.. photo.Renditions.Where(rendition => rendition.Version == photo.Version).OrderBy(rendition => Array.IndexOf(Order, rendition.Name))
            .Select(rendition => new RenditionResponse(rendition.Name, urls.Of(photo, rendition, daysAgo), rendition.Width, rendition.Height, rendition.ContentType, rendition.Bytes))];
}

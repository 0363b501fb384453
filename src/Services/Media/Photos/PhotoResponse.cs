using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Media.Delivery;

namespace PhotoPlatform.Media.Photos;

/// <summary>A photo as its owner sees it.</summary>
internal sealed record PhotoResponse(
    Guid Id, Guid OwnerId, string Title, string Visibility, string State, string? Reason, int Width, int Height, string? Placeholder,
    IReadOnlyList<RenditionResponse> Renditions, DateTimeOffset CreatedAt)
{
    // Renditions of a small photo have one size, so sizes do not order them.
    private static readonly string[] Order = [.. RenditionSet.Default.Specs.Select(spec => spec.Name)];

    internal static PhotoResponse Of(Photo photo) => new(
        photo.Id, photo.OwnerId, photo.Title, Lower(photo.Visibility), Lower(photo.State), photo.Reason, photo.Width, photo.Height, photo.Placeholder,
        [.. photo.Renditions.Where(rendition => rendition.Version == photo.Version).OrderBy(rendition => Array.IndexOf(Order, rendition.Name))
            .Select(rendition => new RenditionResponse(rendition.Name, RenditionUrl.Of(photo, rendition), rendition.Width, rendition.Height, rendition.ContentType, rendition.Bytes))],
        photo.CreatedAt);

    private static string Lower<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();
}

/// <summary>One rendition: width and height in pixels.</summary>
internal sealed record RenditionResponse(string Name, string Url, int Width, int Height, string ContentType, long Bytes);

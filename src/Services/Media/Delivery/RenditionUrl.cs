using PhotoPlatform.Media.Data;

namespace PhotoPlatform.Media.Delivery;

/// <summary>The addresses of renditions. They never change their bytes: version and visibility epoch are part of them.</summary>
internal static class RenditionUrl
{
    internal const string Pattern = "/media/{photoId:guid}/{version:int}/{epoch:int}/{name}.webp";

    internal static string Of(Photo photo, Rendition rendition) => $"/media/{photo.Id:D}/{rendition.Version}/{photo.Epoch}/{rendition.Name}.webp";
}

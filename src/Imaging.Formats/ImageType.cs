namespace PhotoPlatform.Imaging.Formats;

/// <summary>The image types that people may upload. Everything else is refused before anything decodes it.</summary>
public enum ImageType
{
    Jpeg,
    Png,
    WebP,
    Gif,
}

/// <summary>Magic bytes and content types of <see cref="ImageType"/>.</summary>
public static class ImageTypes
{
    /// <summary>With this many first bytes the type of any file is decided: "RIFF", four bytes of length, "WEBP".</summary>
    public const int LongestMagic = 12;

    /// <summary>The registered media type, such as <c>image/jpeg</c>.</summary>
    public static string ContentType(this ImageType type) => type switch
    {
        ImageType.Jpeg => "image/jpeg",
        ImageType.Png => "image/png",
        ImageType.WebP => "image/webp",
        ImageType.Gif => "image/gif",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };

    /// <summary>
    /// The type that a Content-Type header names, parameters and letter case ignored; <c>image/jpg</c> is not registered
    /// but common. Null for every other value.
    /// </summary>
    public static ImageType? FromContentType(string? contentType)
    {
        var mediaType = contentType.AsSpan();
        var parameters = mediaType.IndexOf(';');
        mediaType = (parameters < 0 ? mediaType : mediaType[..parameters]).Trim();
        if (mediaType.Equals("image/jpg", StringComparison.OrdinalIgnoreCase))
            return ImageType.Jpeg;
        foreach (var type in Enum.GetValues<ImageType>())
            if (mediaType.Equals(type.ContentType(), StringComparison.OrdinalIgnoreCase))
                return type;
        return null;
    }

    /// <summary>The type that the first bytes of a file show, or null when they show none of ours (or are too few).</summary>
    public static ImageType? Detect(ReadOnlySpan<byte> prefix)
    {
        if (prefix.StartsWith(JpegFile.Magic))
            return ImageType.Jpeg;
        if (prefix.StartsWith(PngFile.Magic))
            return ImageType.Png;
        if (prefix.StartsWith("GIF87a"u8) || prefix.StartsWith("GIF89a"u8))
            return ImageType.Gif;
        if (prefix.Length >= LongestMagic && prefix.StartsWith("RIFF"u8) && prefix[8..].StartsWith("WEBP"u8))
            return ImageType.WebP;
        return null;
    }

    /// <summary>Whether a file that begins with these fewer than <see cref="LongestMagic"/> bytes may still turn out to be one of our types.</summary>
    internal static bool MayBecome(ReadOnlySpan<byte> prefix) =>
        JpegFile.Magic.StartsWith(prefix) || PngFile.Magic.StartsWith(prefix)
        || "GIF87a"u8.StartsWith(prefix) || "GIF89a"u8.StartsWith(prefix)
        || (prefix.Length < LongestMagic
            && "RIFF"u8.StartsWith(prefix[..Math.Min(4, prefix.Length)])
            && (prefix.Length <= 8 || "WEBP"u8.StartsWith(prefix[8..])));
}

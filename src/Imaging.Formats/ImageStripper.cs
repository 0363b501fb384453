namespace PhotoPlatform.Imaging.Formats;

/// <summary>
/// Copies of an image file only what decides its pixels. Done to every upload before a native decoder sees it (metadata
/// parsers are attack surface, compressed text is a bomb, later frames are time), and to every rendition after
/// encoding (the WebP writer of libvips 8.14.1 ignores <c>strip</c>).
/// </summary>
public static class ImageStripper
{
    private static readonly Rejection SizesDiffer = Rejection.Corrupt("The file names two different sizes of its picture.");

    /// <summary>How long a destination must be for a file of this length; one more, for the trailer of a GIF cut after its first frame.</summary>
    public static int MaxLength(int fileLength) => fileLength + 1;

    /// <summary>Copies the file without metadata, later frames and anything behind the picture. Never throws on any file; linear time.</summary>
    /// <param name="file">A whole file for which <see cref="ImageHeader.Inspect"/> answered Ok.</param>
    /// <param name="type">The type that it answered.</param>
    /// <param name="destination">At least <see cref="MaxLength"/> bytes.</param>
    /// <param name="keepColourProfile">Keep an ICC profile: needed to decode, not in a picture that is sRGB.</param>
    /// <param name="written">How many bytes of the destination are the stripped file, when the result is null.</param>
    /// <returns>Null, or why this is no complete picture: <see cref="Rejection.TruncatedCode"/>, <see cref="Rejection.CorruptCode"/> or <see cref="Rejection.UnsupportedTypeCode"/>.</returns>
    public static Rejection? Strip(
        ReadOnlySpan<byte> file, ImageType type, Span<byte> destination, bool keepColourProfile, out int written)
    {
        if (destination.Length < MaxLength(file.Length))
            throw new ArgumentException("The destination is too short.", nameof(destination));
        var rejection = type switch
        {
            ImageType.Jpeg => JpegFile.Strip(file, destination, keepColourProfile, out written),
            ImageType.Png => PngFile.Strip(file, destination, keepColourProfile, out written),
            ImageType.WebP => WebPFile.Strip(file, destination, keepColourProfile, out written),
            ImageType.Gif => GifFile.Strip(file, destination, out written),
            _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
        };
        if (rejection is not null)
            return rejection;
        // What goes on must say the same as what was checked: the extended header of a WebP may have named another size.
        var stripped = ImageHeader.Inspect(destination[..written], endOfFile: true);
        return stripped.Status == HeaderStatus.Ok && stripped.Header.Size != ImageHeader.Inspect(file).Header.Size
            ? SizesDiffer
            : stripped.Rejection;
    }
}

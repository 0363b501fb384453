namespace PhotoPlatform.Imaging.Formats;

/// <summary>What the header of an image file says, before anything is decoded.</summary>
/// <param name="Type">From the magic bytes, never from a name or a Content-Type.</param>
/// <param name="Width">Pixels as stored, before any EXIF orientation; at least 1.</param>
/// <param name="Height">Pixels as stored; at least 1.</param>
/// <param name="BitDepth">Bits per channel (PNG: or per palette index).</param>
/// <param name="Animated">The header announces an animation (WebP: its flag; GIF: a looping extension before the first frame, which some writers put into stills too). A hint: only the first frame counts, whatever follows.</param>
/// <param name="Progressive">Progressive JPEG, or interlaced PNG or GIF: decoders keep the whole picture in memory.</param>
public readonly record struct ImageHeader(
    ImageType Type, int Width, int Height, int BitDepth, bool Animated, bool Progressive)
{
    /// <summary>Width times height.</summary>
    public long Pixels => (long)Width * Height;

    /// <summary>The stored size.</summary>
    public PixelSize Size => new(Width, Height);

    /// <summary>
    /// Reads the header from the first bytes of a file. Never throws, allocates nothing, looks at each byte at most once.
    /// </summary>
    /// <param name="prefix">The file's first bytes, as many as there are by now.</param>
    /// <param name="endOfFile">
    /// The prefix is the whole file, so that no more can come: <see cref="HeaderStatus.NeedMoreData"/> is not answered,
    /// but <see cref="HeaderStatus.Unsupported"/> when not even the magic bytes are complete, otherwise
    /// <see cref="HeaderStatus.Malformed"/> with <see cref="Rejection.Truncated"/>.
    /// </param>
    public static HeaderInspection Inspect(ReadOnlySpan<byte> prefix, bool endOfFile = false)
    {
        var type = ImageTypes.Detect(prefix);
        var inspection = type switch
        {
            ImageType.Jpeg => JpegFile.Inspect(prefix),
            ImageType.Png => PngFile.Inspect(prefix),
            ImageType.WebP => WebPFile.Inspect(prefix),
            ImageType.Gif => GifFile.Inspect(prefix),
            _ => ImageTypes.MayBecome(prefix)
                ? HeaderInspection.NeedMoreData
                : HeaderInspection.Unsupported(Rejection.UnsupportedType),
        };
        if (!endOfFile || inspection.Status != HeaderStatus.NeedMoreData)
            return inspection;
        return type is null
            ? HeaderInspection.Unsupported(Rejection.UnsupportedType)
            : HeaderInspection.Malformed(Rejection.Truncated);
    }
}

/// <summary>How far <see cref="ImageHeader.Inspect"/> came.</summary>
public enum HeaderStatus
{
    /// <summary>The header is complete and well-formed.</summary>
    Ok,
    /// <summary>Nothing wrong so far, but the sizes come later in the file: call again with a longer prefix.</summary>
    NeedMoreData,
    /// <summary>None of our types, or a variant of one that browsers do not show either.</summary>
    Unsupported,
    /// <summary>One of our types, with a broken header.</summary>
    Malformed,
}

/// <summary>The answer of <see cref="ImageHeader.Inspect"/>.</summary>
/// <param name="Status">Which of the other two is there.</param>
/// <param name="Header">With <see cref="HeaderStatus.Ok"/> only.</param>
/// <param name="Rejection">With <see cref="HeaderStatus.Unsupported"/> and <see cref="HeaderStatus.Malformed"/> only.</param>
public readonly record struct HeaderInspection(HeaderStatus Status, ImageHeader Header, Rejection? Rejection)
{
    internal static HeaderInspection NeedMoreData { get; } = new(HeaderStatus.NeedMoreData, default, null);
    internal static HeaderInspection Ok(ImageHeader header) => new(HeaderStatus.Ok, header, null);
    internal static HeaderInspection Unsupported(Rejection rejection) => new(HeaderStatus.Unsupported, default, rejection);
    internal static HeaderInspection Malformed(Rejection rejection) => new(HeaderStatus.Malformed, default, rejection);
}

namespace PhotoPlatform.Imaging.Formats;

/// <summary>What a photo may cost. Configuration may lower and raise each limit.</summary>
/// <param name="MaxBytes">File length; 25 MB, counted as 25 * 1024 * 1024 so that whichever way a person counts, 25 MB pass.</param>
/// <param name="MaxSide">Pixels of the longer side.</param>
/// <param name="MaxPixels">Width times height.</param>
/// <param name="MaxProgressivePixels">
/// Width times height of progressive and interlaced files: libvips needs 40 MB to shrink a baseline JPEG of 144 megapixels and 450 MB for a progressive one.
/// </param>
public sealed record ImageLimits(
    long MaxBytes = 25 * 1024 * 1024,
    int MaxSide = 16_384,
    long MaxPixels = 50_000_000,
    long MaxProgressivePixels = 25_000_000)
{
    /// <summary>The limits when nothing is configured.</summary>
    public static ImageLimits Default { get; } = new();

    /// <summary>Null when a file of this many bytes is allowed, otherwise <see cref="Rejection.TooManyBytesCode"/>.</summary>
    public Rejection? CheckLength(long bytes) => bytes <= MaxBytes
        ? null
        : new(Rejection.TooManyBytesCode, $"The file is larger than {MaxBytes / (1024 * 1024)} MB.");

    /// <summary>Null when a picture with this header is allowed, otherwise <see cref="Rejection.SideTooLongCode"/> or <see cref="Rejection.TooManyPixelsCode"/>.</summary>
    public Rejection? Check(ImageHeader header)
    {
        if (header.Size.LongSide > MaxSide)
            return new(Rejection.SideTooLongCode,
                $"The picture is {header.Width} x {header.Height} pixels; a side may have at most {MaxSide}.");
        if (header.Pixels > MaxPixels)
            return TooManyPixels(header, "a picture", MaxPixels);
        if (header.Progressive && header.Pixels > MaxProgressivePixels)
            return TooManyPixels(header, "a progressive or interlaced picture", MaxProgressivePixels);
        return null;
    }

    private static Rejection TooManyPixels(ImageHeader header, string what, long limit) =>
        new(Rejection.TooManyPixelsCode, string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"The picture has {header.Pixels / 1e6:0.0} megapixels; {what} may have at most {limit / 1e6:0.#}."));
}

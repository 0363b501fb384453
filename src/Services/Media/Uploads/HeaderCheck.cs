using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.Media.Photos;

namespace PhotoPlatform.Media.Uploads;

/// <summary>What the first bytes of an image decide.</summary>
/// <param name="Decided">Whether there were enough of them.</param>
/// <param name="Header">When decided and not rejected.</param>
/// <param name="Rejection">Why it is not taken, or null.</param>
internal readonly record struct HeaderVerdict(bool Decided, ImageHeader Header, Rejection? Rejection);

/// <summary>Looks at the first bytes of an image: type, size, and whether it is what it says.</summary>
internal static class HeaderCheck
{
    /// <summary>How far into a file its header may reach; large profiles and previews stand before it in some JPEGs.</summary>
    internal const int MaxPrefix = 1024 * 1024;

    /// <param name="prefix">The image's first bytes, as many as there are by now; with <see cref="MaxPrefix"/> of them it is decided.</param>
    /// <param name="endOfFile">Whether no more will come.</param>
    /// <param name="limits">What a picture may have.</param>
    /// <param name="declared">The type that the client gave, or null.</param>
    internal static HeaderVerdict Of(ReadOnlySpan<byte> prefix, bool endOfFile, ImageLimits limits, ImageType? declared)
    {
        var inspection = ImageHeader.Inspect(prefix, endOfFile || prefix.Length >= MaxPrefix);
        if (inspection.Status == HeaderStatus.NeedMoreData)
            return default;
        var rejection = inspection.Rejection ?? limits.Check(inspection.Header);
        if (rejection is null && declared is { } type && type != inspection.Header.Type)
            rejection = new Rejection(UploadForm.TypeMismatchCode, $"The body is {inspection.Header.Type.ContentType()}, but its Content-Type says {type.ContentType()}.");
        return new HeaderVerdict(true, inspection.Header, rejection);
    }
}

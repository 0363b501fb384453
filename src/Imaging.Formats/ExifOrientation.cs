using System.Buffers.Binary;

namespace PhotoPlatform.Imaging.Formats;

/// <summary>
/// How a stored picture must be turned to stand upright: the Orientation tag (0x0112) of EXIF, which is TIFF 6.0.
/// The values are those of TIFF: where row 0 and column 0 of the stored picture are.
/// </summary>
public enum ExifOrientation
{
    TopLeft = 1,
    TopRight = 2,
    BottomRight = 3,
    BottomLeft = 4,
    LeftTop = 5,
    RightTop = 6,
    RightBottom = 7,
    LeftBottom = 8,
}

/// <summary>Reads <see cref="ExifOrientation"/> from files.</summary>
public static class ExifOrientations
{
    private const ushort OrientationTag = 0x0112;
    private const ushort ShortType = 3;

    /// <summary>Whether the upright picture has the stored one's width as its height.</summary>
    public static bool Transposes(this ExifOrientation orientation) => orientation >= ExifOrientation.LeftTop;

    /// <summary>
    /// The orientation that the EXIF of a JPEG (APP1), PNG (eXIf) or WebP (EXIF) names. Upright as stored
    /// (<see cref="ExifOrientation.TopLeft"/>) when there is none, or one that makes no sense, and for every GIF. Never throws.
    /// </summary>
    public static ExifOrientation Read(ImageType type, ReadOnlySpan<byte> file) => ReadTiff(type switch
    {
        ImageType.Jpeg => JpegFile.Exif(file),
        ImageType.Png => PngFile.Exif(file),
        ImageType.WebP => WebPFile.Exif(file),
        _ => [],
    });

    private static ExifOrientation ReadTiff(ReadOnlySpan<byte> tiff)
    {
        var littleEndian = tiff.StartsWith("II*\0"u8);
        if (tiff.Length < 8 || (!littleEndian && !tiff.StartsWith("MM\0*"u8)))
            return ExifOrientation.TopLeft;
        var directory = littleEndian
            ? BinaryPrimitives.ReadUInt32LittleEndian(tiff[4..])
            : BinaryPrimitives.ReadUInt32BigEndian(tiff[4..]);
        if (directory > tiff.Length - 2)
            return ExifOrientation.TopLeft;
        var entries = tiff[((int)directory + 2)..];
        for (var left = UInt16(tiff[(int)directory..]); left > 0 && entries.Length >= 12; left--, entries = entries[12..])
        {
            if (UInt16(entries) != OrientationTag)
                continue;
            var value = (ExifOrientation)UInt16(entries[8..]);
            return UInt16(entries[2..]) == ShortType && Enum.IsDefined(value) ? value : ExifOrientation.TopLeft;
        }
        return ExifOrientation.TopLeft;

        ushort UInt16(ReadOnlySpan<byte> bytes) => littleEndian
            ? BinaryPrimitives.ReadUInt16LittleEndian(bytes)
            : BinaryPrimitives.ReadUInt16BigEndian(bytes);
    }
}

using System.Buffers.Binary;

namespace PhotoPlatform.Imaging.Formats;

/// <summary>JPEG (ITU-T T.81): markers, the frame header, and the segments that carry pixels.</summary>
internal static class JpegFile
{
    internal static ReadOnlySpan<byte> Magic => [0xFF, StartOfImage, 0xFF];

    private const byte StartOfImage = 0xD8;
    private const byte EndOfImage = 0xD9;
    private const byte StartOfScan = 0xDA;
    private const byte ProgressiveFrame = 0xC2;
    private const byte Comment = 0xFE;

    private static readonly Rejection BadSegment = Rejection.Corrupt("A JPEG segment is shorter than its own length field.");
    private static readonly Rejection NoFrame = Rejection.Corrupt("The JPEG has no frame header before its picture data.");
    private static readonly Rejection BadFrame = Rejection.Corrupt("The JPEG frame header is broken.");
    private static readonly Rejection UnsupportedCoding = new(
        Rejection.UnsupportedTypeCode, "The JPEG is lossless, arithmetic-coded, hierarchical or of more than 8 bits; browsers do not show these.");

    internal static HeaderInspection Inspect(ReadOnlySpan<byte> prefix)
    {
        var markers = new JpegMarkers(prefix);
        while (true)
        {
            switch (markers.MoveNext())
            {
                case JpegStep.End:
                    return HeaderInspection.NeedMoreData;
                case JpegStep.Broken:
                    return HeaderInspection.Malformed(BadSegment);
            }
            switch (markers.Code)
            {
                case 0xC0 or 0xC1 or ProgressiveFrame:
                    return Frame(markers.Payload, markers.Code == ProgressiveFrame);
                case 0xC3 or (>= 0xC5 and <= 0xC7) or (>= 0xC9 and <= 0xCB) or (>= 0xCD and <= 0xCF):
                    return HeaderInspection.Unsupported(UnsupportedCoding);
                case StartOfImage or EndOfImage or StartOfScan:
                    return HeaderInspection.Malformed(NoFrame);
            }
        }
    }

    // T.81 B.2.2: precision, height, width, number of components, then three bytes for each of them.
    private static HeaderInspection Frame(ReadOnlySpan<byte> payload, bool progressive)
    {
        if (payload.Length < 6 || payload.Length != 6 + 3 * payload[5])
            return HeaderInspection.Malformed(BadFrame);
        int height = BinaryPrimitives.ReadUInt16BigEndian(payload[1..]);
        int width = BinaryPrimitives.ReadUInt16BigEndian(payload[3..]);
        // A height of 0 would come after the first scan (DNL); libjpeg does not know that either.
        if (width == 0 || height == 0 || payload[5] is not (1 or 3 or 4))
            return HeaderInspection.Malformed(BadFrame);
        return payload[0] == 8
            ? HeaderInspection.Ok(new(ImageType.Jpeg, width, height, BitDepth: 8, Animated: false, progressive))
            : HeaderInspection.Unsupported(UnsupportedCoding);
    }

    /// <summary>
    /// Copies what decides the pixels: tables, frame, scans, the JFIF and Adobe segments (they name the colour model) and
    /// the ICC profile. EXIF, XMP, comments, other APPn, stray bytes and everything after the end of the picture stay behind.
    /// </summary>
    internal static Rejection? Strip(ReadOnlySpan<byte> file, Span<byte> destination, bool keepColourProfile, out int written)
    {
        Magic[..2].CopyTo(destination);
        written = 2;
        var markers = new JpegMarkers(file);
        while (true)
        {
            switch (markers.MoveNext())
            {
                case JpegStep.End:
                    return Rejection.Truncated;
                case JpegStep.Broken:
                    return BadSegment;
            }
            if (Keep(markers.Code, markers.Payload, keepColourProfile))
            {
                // The entropy-coded data of a scan reach to the next marker that is not a restart.
                var end = markers.Code == StartOfScan ? markers.NextMarker() : markers.End;
                var segment = file[markers.Start..end];
                segment.CopyTo(destination[written..]);
                written += segment.Length;
            }
            if (markers.Code == EndOfImage)
                return null;
        }
    }

    /// <summary>The TIFF structure of the first EXIF segment, or empty.</summary>
    internal static ReadOnlySpan<byte> Exif(ReadOnlySpan<byte> file)
    {
        var markers = new JpegMarkers(file);
        while (markers.MoveNext() == JpegStep.Marker && markers.Code is not (StartOfScan or EndOfImage))
            if (markers.Code == 0xE1 && markers.Payload.StartsWith("Exif\0"u8) && markers.Payload.Length > 6)
                return markers.Payload[6..];
        return [];
    }

    private static bool Keep(byte code, ReadOnlySpan<byte> payload, bool keepColourProfile) => code switch
    {
        0xE0 => payload.StartsWith("JFIF\0"u8),
        0xE2 => keepColourProfile && payload.StartsWith("ICC_PROFILE\0"u8),
        0xEE => payload.StartsWith("Adobe"u8),
        (>= 0xE0 and <= 0xEF) or Comment => false,
        _ => true,
    };
}

internal enum JpegStep
{
    /// <summary>A marker, with its payload when it has one.</summary>
    Marker,
    /// <summary>The data end before the next marker is complete.</summary>
    End,
    /// <summary>A segment length under 2.</summary>
    Broken,
}

/// <summary>
/// Walks the markers of a JPEG. Like libjpeg it passes over stray bytes, fill bytes, stuffed zeros and restart markers,
/// and so over the entropy-coded data of scans too.
/// </summary>
internal ref struct JpegMarkers(ReadOnlySpan<byte> data)
{
    private readonly ReadOnlySpan<byte> _data = data;

    /// <summary>The marker's second byte.</summary>
    public byte Code { get; private set; }

    /// <summary>Where the marker's 0xFF is; fill bytes before it do not count.</summary>
    public int Start { get; private set; }

    /// <summary>Behind the marker and its payload. Begins behind the SOI that every JPEG starts with.</summary>
    public int End { get; private set; } = 2;

    /// <summary>Without the length field; empty for markers without one.</summary>
    public ReadOnlySpan<byte> Payload { get; private set; }

    public JpegStep MoveNext()
    {
        var start = NextMarker();
        if (start == _data.Length)
            return JpegStep.End;
        Start = start;
        Code = _data[start + 1];
        Payload = [];
        if (Code is 0xD8 or 0xD9)
        {
            End = start + 2;
            return JpegStep.Marker;
        }
        if (start + 4 > _data.Length)
            return JpegStep.End;
        int length = BinaryPrimitives.ReadUInt16BigEndian(_data[(start + 2)..]);
        if (length < 2)
            return JpegStep.Broken;
        if (start + 2 + length > _data.Length)
            return JpegStep.End;
        Payload = _data.Slice(start + 4, length - 2);
        End = start + 2 + length;
        return JpegStep.Marker;
    }

    /// <summary>Where the 0xFF of the next marker after this segment is; the length of the data when there is none.</summary>
    public readonly int NextMarker()
    {
        var at = End;
        while (true)
        {
            var found = _data[at..].IndexOf((byte)0xFF);
            if (found < 0)
                return _data.Length;
            at += found;
            var code = _data[at..].IndexOfAnyExcept((byte)0xFF);
            if (code < 0)
                return _data.Length;
            at += code;
            if (_data[at] is not (0x00 or 0x01 or (>= 0xD0 and <= 0xD7)))
                return at - 1;
            at++;
        }
    }
}

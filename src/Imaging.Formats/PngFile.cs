using System.Buffers.Binary;

namespace PhotoPlatform.Imaging.Formats;

/// <summary>PNG (W3C PNG, third edition): the image header and the chunks that carry pixels.</summary>
internal static class PngFile
{
    internal static ReadOnlySpan<byte> Magic => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Of a compressed ICC profile. Real ones have some kilobytes; a longer one is left out, so it cannot be a bomb.</summary>
    internal const int MaxProfileBytes = 1024 * 1024;

    private const int ChunkOverhead = 12;

    private static readonly Rejection NoHeader = Rejection.Corrupt("The PNG does not begin with an image header.");
    private static readonly Rejection BadHeader = Rejection.Corrupt("The PNG image header is broken.");
    private static readonly Rejection BadChunk = Rejection.Corrupt("The PNG has a chunk that its standard does not allow.");

    internal static HeaderInspection Inspect(ReadOnlySpan<byte> prefix)
    {
        if (prefix.Length < Magic.Length + 8 + 13)
            return HeaderInspection.NeedMoreData;
        var chunk = prefix[Magic.Length..];
        if (BinaryPrimitives.ReadUInt32BigEndian(chunk) != 13 || !chunk[4..].StartsWith("IHDR"u8))
            return HeaderInspection.Malformed(NoHeader);
        var header = chunk.Slice(8, 13);
        var width = BinaryPrimitives.ReadUInt32BigEndian(header);
        var height = BinaryPrimitives.ReadUInt32BigEndian(header[4..]);
        byte depth = header[8], colour = header[9], compression = header[10], filter = header[11], interlace = header[12];
        var depthFits = colour switch
        {
            0 => depth is 1 or 2 or 4 or 8 or 16,
            3 => depth is 1 or 2 or 4 or 8,
            2 or 4 or 6 => depth is 8 or 16,
            _ => false,
        };
        if (width is 0 or > int.MaxValue || height is 0 or > int.MaxValue || !depthFits
            || compression != 0 || filter != 0 || interlace > 1)
            return HeaderInspection.Malformed(BadHeader);
        return HeaderInspection.Ok(new(
            ImageType.Png, (int)width, (int)height, depth, Animated: false, Progressive: interlace == 1));
    }

    /// <summary>
    /// Copies the critical chunks, tRNS, and the ICC profile when it is of bounded size. Every other ancillary chunk stays
    /// behind: compressed text is a decompression bomb, and libvips makes no use of gAMA, cHRM and sRGB.
    /// </summary>
    internal static Rejection? Strip(ReadOnlySpan<byte> file, Span<byte> destination, bool keepColourProfile, out int written)
    {
        Magic.CopyTo(destination);
        written = Magic.Length;
        for (var at = Magic.Length; TryChunk(file, at, out var type, out var payload); at += payload.Length + ChunkOverhead)
        {
            var keep = Keep(type, payload.Length, keepColourProfile);
            if (!keep && IsCritical(type))
                return BadChunk;
            if (keep)
            {
                file.Slice(at, payload.Length + ChunkOverhead).CopyTo(destination[written..]);
                written += payload.Length + ChunkOverhead;
            }
            if (type.SequenceEqual("IEND"u8))
                return null;
        }
        return Rejection.Truncated;
    }

    /// <summary>The TIFF structure of the eXIf chunk, or empty.</summary>
    internal static ReadOnlySpan<byte> Exif(ReadOnlySpan<byte> file)
    {
        for (var at = Magic.Length; TryChunk(file, at, out var type, out var payload); at += payload.Length + ChunkOverhead)
            if (type.SequenceEqual("eXIf"u8))
                return payload;
        return [];
    }

    private static bool Keep(ReadOnlySpan<byte> type, int length, bool keepColourProfile)
    {
        if (type.SequenceEqual("PLTE"u8))
            return length <= 3 * 256;
        if (type.SequenceEqual("tRNS"u8))
            return length <= 256;
        if (type.SequenceEqual("iCCP"u8))
            return keepColourProfile && length <= MaxProfileBytes;
        return type.SequenceEqual("IDAT"u8) || type.SequenceEqual("IHDR"u8) || type.SequenceEqual("IEND"u8);
    }

    // Bit 5 of the first letter: an upper-case chunk must be understood by every decoder.
    private static bool IsCritical(ReadOnlySpan<byte> type) => (type[0] & 0x20) == 0;

    private static bool TryChunk(ReadOnlySpan<byte> file, int at, out ReadOnlySpan<byte> type, out ReadOnlySpan<byte> payload)
    {
        type = payload = [];
        if (file.Length - at < ChunkOverhead)
            return false;
        var length = BinaryPrimitives.ReadUInt32BigEndian(file[at..]);
        if (length > file.Length - at - ChunkOverhead)
            return false;
        type = file.Slice(at + 4, 4);
        payload = file.Slice(at + 8, (int)length);
        return true;
    }
}

using System.Buffers.Binary;

namespace PhotoPlatform.Imaging.Formats;

/// <summary>WebP (RFC 9649): a RIFF file of one lossy (VP8) or lossless (VP8L) picture, or an extended one (VP8X).</summary>
internal static class WebPFile
{
    private const int FirstChunk = 12;
    private const int ChunkHeader = 8;
    private const int MaxProfileBytes = 4 * 1024 * 1024;

    [Flags]
    private enum Features : byte
    {
        None = 0,
        Animation = 0x02,
        Alpha = 0x10,
        ColourProfile = 0x20,
    }

    private static readonly Rejection NoPicture = Rejection.Corrupt("The WebP does not begin with a picture or its extended header.");
    private static readonly Rejection BadPicture = Rejection.Corrupt("The WebP picture header is broken.");

    internal static HeaderInspection Inspect(ReadOnlySpan<byte> prefix)
    {
        var chunk = prefix[FirstChunk..];
        if (chunk.Length < ChunkHeader)
            return HeaderInspection.NeedMoreData;
        var payload = chunk[ChunkHeader..];
        if (chunk.StartsWith("VP8 "u8))
            return payload.Length < 10 ? HeaderInspection.NeedMoreData : Lossy(payload);
        if (chunk.StartsWith("VP8L"u8))
            return payload.Length < 5 ? HeaderInspection.NeedMoreData : Lossless(payload);
        if (chunk.StartsWith("VP8X"u8))
            return payload.Length < 10 ? HeaderInspection.NeedMoreData : Extended(payload);
        return HeaderInspection.Malformed(NoPicture);
    }

    // RFC 6386 9.1: three bytes of frame tag (bit 0 clear: a key frame), a start code, 14 bits of width and of height.
    private static HeaderInspection Lossy(ReadOnlySpan<byte> payload) =>
        (payload[0] & 1) == 0 && payload[3..].StartsWith<byte>([0x9D, 0x01, 0x2A])
            ? Ok(BinaryPrimitives.ReadUInt16LittleEndian(payload[6..]) & 0x3FFF, BinaryPrimitives.ReadUInt16LittleEndian(payload[8..]) & 0x3FFF)
            : HeaderInspection.Malformed(BadPicture);

    // RFC 9649 3.4: a signature, 14 bits of width - 1 and of height - 1, the alpha hint, three bits of version 0.
    private static HeaderInspection Lossless(ReadOnlySpan<byte> payload)
    {
        var bits = BinaryPrimitives.ReadUInt32LittleEndian(payload[1..]);
        return payload[0] == 0x2F && bits >> 29 == 0
            ? Ok((int)(bits & 0x3FFF) + 1, (int)(bits >> 14 & 0x3FFF) + 1)
            : HeaderInspection.Malformed(BadPicture);
    }

    // RFC 9649 2.7: flags, three reserved bytes, 24 bits of canvas width - 1 and of height - 1.
    private static HeaderInspection Extended(ReadOnlySpan<byte> payload) => Ok(
        (payload[4] | payload[5] << 8 | payload[6] << 16) + 1,
        (payload[7] | payload[8] << 8 | payload[9] << 16) + 1,
        ((Features)payload[0] & Features.Animation) != 0);

    private static HeaderInspection Ok(int width, int height, bool animated = false) => width == 0 || height == 0
        ? HeaderInspection.Malformed(BadPicture)
        : HeaderInspection.Ok(new(ImageType.WebP, width, height, BitDepth: 8, animated, Progressive: false));

    /// <summary>
    /// Copies the picture (VP8, VP8L, ALPH), of an animation the first frame (ANIM, ANMF), and the ICC profile when it is
    /// asked for and of bounded size. The extended header stays only where one of these needs it, with no other flag set.
    /// </summary>
    internal static Rejection? Strip(ReadOnlySpan<byte> file, Span<byte> destination, bool keepColourProfile, out int written)
    {
        written = 0;
        var riffEnd = 8L + BinaryPrimitives.ReadUInt32LittleEndian(file[4..]);
        if (riffEnd > file.Length)
            return Rejection.Truncated;
        var riff = file[..(int)riffEnd];

        var needed = Features.None;
        for (var at = FirstChunk; TryChunk(riff, at, out var type, out var chunk); at += chunk.Length)
            needed |= Needs(type, chunk.Length, keepColourProfile);

        written = FirstChunk;
        var pictures = 0;
        for (var at = FirstChunk; TryChunk(riff, at, out var type, out var chunk); at += chunk.Length)
        {
            var isPicture = type.SequenceEqual("VP8 "u8) || type.SequenceEqual("VP8L"u8) || type.SequenceEqual("ANMF"u8);
            var isExtendedHeader = type.SequenceEqual("VP8X"u8) && needed != Features.None && chunk.Length >= ChunkHeader + 10;
            if (isPicture ? pictures++ > 0 : !isExtendedHeader && Needs(type, chunk.Length, keepColourProfile) == Features.None)
                continue;
            chunk.CopyTo(destination[written..]);
            if (isExtendedHeader)
                destination[written + ChunkHeader] &= (byte)(needed | Features.Alpha);
            written += chunk.Length;
        }
        if (pictures == 0)
            return NoPicture;
        file[..FirstChunk].CopyTo(destination);
        BinaryPrimitives.WriteInt32LittleEndian(destination[4..], written - 8);
        return null;
    }

    /// <summary>The TIFF structure of the EXIF chunk, or empty. Some writers put the "Exif" of JPEG before it.</summary>
    internal static ReadOnlySpan<byte> Exif(ReadOnlySpan<byte> file)
    {
        for (var at = FirstChunk; TryChunk(file, at, out var type, out var chunk); at += chunk.Length)
            if (type.SequenceEqual("EXIF"u8))
                return chunk[ChunkHeader..].StartsWith("Exif\0\0"u8) ? chunk[(ChunkHeader + 6)..] : chunk[ChunkHeader..];
        return [];
    }

    /// <summary>Which part of the extended header a chunk that is kept needs; none for a chunk that is dropped or needs none.</summary>
    private static Features Needs(ReadOnlySpan<byte> type, int length, bool keepColourProfile)
    {
        if (type.SequenceEqual("ALPH"u8))
            return Features.Alpha;
        if (type.SequenceEqual("ANIM"u8) || type.SequenceEqual("ANMF"u8))
            return Features.Animation;
        if (type.SequenceEqual("ICCP"u8) && keepColourProfile && length <= MaxProfileBytes)
            return Features.ColourProfile;
        return Features.None;
    }

    /// <summary>A chunk with its header and its padding byte. False at the end, and where a chunk says that it is longer than the file.</summary>
    private static bool TryChunk(ReadOnlySpan<byte> file, int at, out ReadOnlySpan<byte> type, out ReadOnlySpan<byte> chunk)
    {
        type = chunk = [];
        if (file.Length - at < ChunkHeader)
            return false;
        var length = BinaryPrimitives.ReadUInt32LittleEndian(file[(at + 4)..]);
        var padded = ChunkHeader + (long)length + (length & 1);
        if (padded > file.Length - at)
            return false;
        type = file.Slice(at, 4);
        chunk = file.Slice(at, (int)padded);
        return true;
    }
}

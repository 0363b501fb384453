using System.Buffers.Binary;

namespace PhotoPlatform.Imaging.Formats;

/// <summary>GIF (CompuServe GIF89a): the screen, the first frame, and nothing after it.</summary>
internal static class GifFile
{
    private const int ScreenEnd = 13;
    private const byte Extension = 0x21;
    private const byte ImageDescriptor = 0x2C;
    private const byte Trailer = 0x3B;
    private const byte GraphicControl = 0xF9;
    private const byte Application = 0xFF;

    private static readonly Rejection NoFrame = Rejection.Corrupt("The GIF has no frame.");
    private static readonly Rejection BadBlock = Rejection.Corrupt("The GIF has a block that its standard does not know.");
    private static readonly Rejection BadFrame = Rejection.Corrupt("The first frame of the GIF is empty.");

    private enum Step { Frame, End, Broken, NoFrame }

    /// <summary>Where the first frame and what belongs to it is. Offsets into the file.</summary>
    private ref struct FirstFrame
    {
        public int PaletteEnd;
        public int ControlStart, ControlEnd;
        public int Descriptor;
        public bool Animated;
    }

    internal static HeaderInspection Inspect(ReadOnlySpan<byte> prefix) => Find(prefix, out var frame) switch
    {
        Step.End => HeaderInspection.NeedMoreData,
        Step.Broken => HeaderInspection.Malformed(BadBlock),
        Step.NoFrame => HeaderInspection.Malformed(NoFrame),
        _ => Inspect(prefix, frame),
    };

    // A frame that reaches beyond the screen makes the decoder enlarge it, so both count.
    private static HeaderInspection Inspect(ReadOnlySpan<byte> prefix, FirstFrame frame)
    {
        var descriptor = prefix[frame.Descriptor..];
        int frameWidth = UInt16(descriptor, 5), frameHeight = UInt16(descriptor, 7);
        if (frameWidth == 0 || frameHeight == 0)
            return HeaderInspection.Malformed(BadFrame);
        return HeaderInspection.Ok(new(
            ImageType.Gif,
            Math.Max(UInt16(prefix, 6), UInt16(descriptor, 1) + frameWidth),
            Math.Max(UInt16(prefix, 8), UInt16(descriptor, 3) + frameHeight),
            BitDepth: 8,
            frame.Animated,
            Progressive: (descriptor[9] & 0x40) != 0));
    }

    /// <summary>Copies screen, palettes and the first frame with its transparency; comments, other extensions and later frames stay behind.</summary>
    internal static Rejection? Strip(ReadOnlySpan<byte> file, Span<byte> destination, out int written)
    {
        written = 0;
        switch (Find(file, out var frame))
        {
            case Step.End:
                return Rejection.Truncated;
            case Step.Broken:
                return BadBlock;
            case Step.NoFrame:
                return NoFrame;
        }
        // The descriptor, its palette, the LZW code size, and the data.
        var data = frame.Descriptor + 10 + PaletteBytes(file[frame.Descriptor + 9]) + 1;
        if (data > file.Length || SkipSubBlocks(file, data) is not { } end)
            return Rejection.Truncated;
        written += Copy(file[..frame.PaletteEnd], destination);
        written += Copy(file[frame.ControlStart..frame.ControlEnd], destination[written..]);
        written += Copy(file[frame.Descriptor..end], destination[written..]);
        destination[written++] = Trailer;
        return null;
    }

    private static Step Find(ReadOnlySpan<byte> data, out FirstFrame frame)
    {
        frame = default;
        if (data.Length < ScreenEnd)
            return Step.End;
        frame.PaletteEnd = ScreenEnd + PaletteBytes(data[10]);
        var at = frame.PaletteEnd;
        while (at < data.Length)
        {
            switch (data[at])
            {
                case ImageDescriptor:
                    frame.Descriptor = at;
                    return data.Length - at < 10 ? Step.End : Step.Frame;
                case Trailer:
                    return Step.NoFrame;
                case not Extension:
                    return Step.Broken;
            }
            if (data.Length - at < 2 || SkipSubBlocks(data, at + 2) is not { } end)
                return Step.End;
            if (data[at + 1] == GraphicControl)
                (frame.ControlStart, frame.ControlEnd) = (at, end);
            // Both names that announce a loop are followed by the number of repetitions.
            frame.Animated |= data[at + 1] == Application
                && (data[(at + 3)..].StartsWith("NETSCAPE2.0"u8) || data[(at + 3)..].StartsWith("ANIMEXTS1.0"u8));
            at = end;
        }
        return Step.End;
    }

    /// <summary>Behind the empty block that ends a chain of sub-blocks, or null when the data end first.</summary>
    private static int? SkipSubBlocks(ReadOnlySpan<byte> data, int at)
    {
        while (at < data.Length)
        {
            if (data[at] == 0)
                return at + 1;
            at += 1 + data[at];
        }
        return null;
    }

    private static int PaletteBytes(byte flags) => (flags & 0x80) == 0 ? 0 : 3 << ((flags & 7) + 1);

    private static int UInt16(ReadOnlySpan<byte> data, int at) => BinaryPrimitives.ReadUInt16LittleEndian(data[at..]);

    private static int Copy(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        source.CopyTo(destination);
        return source.Length;
    }
}

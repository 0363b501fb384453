using System.Buffers.Binary;
using System.IO.Compression;

namespace PhotoPlatform.TestImages;

/// <summary>Files that nobody uploads by accident, and some that people do.</summary>
public static class HostileFiles
{
    public static byte[] Empty => [];
    public static byte[] OneByte => [0xFF];
    public static byte[] Text => "This is no picture.\n"u8.ToArray();
    public static byte[] Svg => "<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"><script>alert(1)</script></svg>"u8.ToArray();
    public static byte[] Pdf => "%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"u8.ToArray();

    /// <summary>Half of a file, as a broken connection leaves it.</summary>
    public static byte[] Truncated(byte[] file) => file[..(file.Length / 2)];

    /// <summary>A PNG with 64 wrong bytes in its middle, between an intact header and an intact end.</summary>
    public static byte[] DamagedPng(byte[] png)
    {
        var damaged = (byte[])png.Clone();
        for (var i = damaged.Length / 2; i < damaged.Length / 2 + 64; i++)
            damaged[i] ^= 0x5A;
        return damaged;
    }

    /// <summary>270 bytes that say 65,500 x 65,500 pixels, which is 12 GB.</summary>
    public static byte[] PngHeaderBomb() => Png(PngChunks.Header(65_500, 65_500, bitDepth: 8, colourType: 2), Deflated(new byte[256]));

    /// <summary>A PNG with this many compressed text chunks of 50 MB of zeros each, about 50 kB in the file.</summary>
    public static byte[] PngTextBomb(byte[] png, int chunks = 20)
    {
        byte[] text = [.. "Comment\0\0"u8, .. Deflated(new byte[50_000_000])];
        return PngChunks.Insert(png, [.. Enumerable.Repeat(("zTXt", text), chunks)]);
    }

    /// <summary>A JPEG with another size in its frame header (SOF), the rest unchanged.</summary>
    public static byte[] WithJpegSize(byte[] jpeg, ushort width, ushort height)
    {
        var changed = (byte[])jpeg.Clone();
        for (var at = 2; at < changed.Length; at += 2 + BinaryPrimitives.ReadUInt16BigEndian(changed.AsSpan(at + 2)))
        {
            if (changed[at + 1] is not (0xC0 or 0xC1 or 0xC2))
                continue;
            BinaryPrimitives.WriteUInt16BigEndian(changed.AsSpan(at + 5), height);
            BinaryPrimitives.WriteUInt16BigEndian(changed.AsSpan(at + 7), width);
            return changed;
        }
        throw new ArgumentException("No frame header.", nameof(jpeg));
    }

    private static byte[] Png(byte[] header, byte[] data) =>
        [0x89, .. "PNG\r\n"u8, 0x1A, 0x0A, .. header, .. PngChunks.Chunk("IDAT", data), .. PngChunks.Chunk("IEND", [])];

    private static byte[] Deflated(byte[] bytes)
    {
        using var output = new MemoryStream();
        using (var deflate = new ZLibStream(output, CompressionLevel.Optimal))
            deflate.Write(bytes);
        return output.ToArray();
    }
}

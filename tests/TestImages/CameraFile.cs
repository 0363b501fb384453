using System.Buffers.Binary;
using System.Text;

namespace PhotoPlatform.TestImages;

/// <summary>
/// Puts into files what cameras and phones put there: EXIF with an orientation and the place, XMP, comments. Written by
/// hand, byte by byte, so that tests do not trust the code under test.
/// </summary>
public static class CameraFile
{
    /// <summary>Texts that stand in the metadata and must not stand in any rendition.</summary>
    public static IReadOnlyList<string> Secrets { get; } = ["SecretCameraMaker", "secret-xmp-caption", "secret-comment", "xpacket"];

    /// <summary>A JPEG with EXIF (this orientation, maker, GPS position), an XMP packet and a comment behind its SOI.</summary>
    /// <param name="orientation">1-8, or anything else to be a broken tag.</param>
    public static byte[] WithMetadata(byte[] jpeg, int orientation)
    {
        var xmp = Encoding.UTF8.GetBytes(
            "http://ns.adobe.com/xap/1.0/\0<?xpacket begin=\"\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?><x:xmpmeta xmlns:x=\"adobe:ns:meta/\">secret-xmp-caption</x:xmpmeta><?xpacket end=\"w\"?>");
        return WithSegments(jpeg, (0xE1, [.. "Exif\0\0"u8, .. Exif(orientation)]), (0xE1, xmp), (0xFE, "secret-comment"u8.ToArray()));
    }

    /// <summary>A JPEG with these segments (marker code, payload) behind its SOI.</summary>
    public static byte[] WithSegments(byte[] jpeg, params (byte Code, byte[] Payload)[] segments)
    {
        var file = new List<byte>(jpeg[..2]);
        foreach (var (code, payload) in segments)
        {
            file.AddRange([0xFF, code, (byte)((payload.Length + 2) >> 8), (byte)(payload.Length + 2)]);
            file.AddRange(payload);
        }
        return [.. file, .. jpeg[2..]];
    }

    /// <summary>A PNG with eXIf and iTXt chunks behind its IHDR.</summary>
    public static byte[] WithPngMetadata(byte[] png, int orientation) =>
        PngChunks.Insert(png, ("eXIf", Exif(orientation)), ("iTXt", "XML:com.adobe.xmp\0\0\0\0\0<?xpacket?>secret-xmp-caption"u8.ToArray()));

    /// <summary>A WebP with an extended header, an EXIF and an XMP chunk behind its picture.</summary>
    public static byte[] WithWebPMetadata(byte[] webP, Imaging.Formats.PixelSize size, int orientation)
    {
        const byte ExifAndXmp = 0x08 | 0x04;
        byte[] extended = [ExifAndXmp, 0, 0, 0, .. UInt24(size.Width - 1), .. UInt24(size.Height - 1)];
        byte[] chunks =
        [
            .. Chunk("VP8X", extended), .. webP.AsSpan(12),
            .. Chunk("EXIF", Exif(orientation)), .. Chunk("XMP ", "<?xpacket?>secret-xmp-caption"u8.ToArray()),
        ];
        byte[] file = [.. "RIFF"u8, 0, 0, 0, 0, .. "WEBP"u8, .. chunks];
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4), file.Length - 8);
        return file;

        static byte[] UInt24(int value) => [(byte)value, (byte)(value >> 8), (byte)(value >> 16)];

        static byte[] Chunk(string type, byte[] payload)
        {
            byte[] chunk = [.. Encoding.ASCII.GetBytes(type), 0, 0, 0, 0, .. payload, .. new byte[payload.Length & 1]];
            BinaryPrimitives.WriteInt32LittleEndian(chunk.AsSpan(4), payload.Length);
            return chunk;
        }
    }

    /// <summary>A little-endian TIFF structure: Make, Orientation, and a GPS directory of a latitude and a longitude.</summary>
    public static byte[] Exif(int orientation)
    {
        const int Ascii = 2, Short = 3, Long = 4, Rational = 5;
        var maker = "SecretCameraMaker\0"u8.ToArray();
        var tiff = new byte[8 + 2 + 3 * 12 + 4 + 18 + 2 + 4 * 12 + 4 + 48];
        "II*\0"u8.CopyTo(tiff);
        var at = 4;
        Put32(8);
        const int MakerAt = 8 + 2 + 3 * 12 + 4, GpsAt = MakerAt + 18, LatitudeAt = GpsAt + 2 + 4 * 12 + 4, LongitudeAt = LatitudeAt + 24;
        Put16(3);
        Entry(0x010F, Ascii, maker.Length, MakerAt);
        Entry(0x0112, Short, 1, orientation);
        Entry(0x8825, Long, 1, GpsAt);
        Put32(0);
        maker.CopyTo(tiff, at);
        at += maker.Length;
        Put16(4);
        Entry(1, Ascii, 2, 'N');
        Entry(2, Rational, 3, LatitudeAt);
        Entry(3, Ascii, 2, 'E');
        Entry(4, Rational, 3, LongitudeAt);
        Put32(0);
        foreach (var number in (int[])[59, 1, 19, 1, 4571, 100, 18, 1, 3, 1, 5000, 100])
            Put32(number);
        return tiff;

        void Entry(int tag, int type, int count, int value)
        {
            Put16(tag);
            Put16(type);
            Put32(count);
            Put32(value);
        }

        void Put16(int value)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(tiff.AsSpan(at), (ushort)value);
            at += 2;
        }

        void Put32(int value)
        {
            BinaryPrimitives.WriteInt32LittleEndian(tiff.AsSpan(at), value);
            at += 4;
        }
    }
}

using System.Buffers.Binary;
using System.Text;

namespace PhotoPlatform.TestImages;

/// <summary>Writes PNG chunks.</summary>
public static class PngChunks
{
    private const int HeaderEnd = 8 + 12 + 13;
    private static readonly uint[] CrcTable = [.. Enumerable.Range(0, 256).Select(TableEntry)];

    /// <summary>The file with these chunks behind its IHDR.</summary>
    public static byte[] Insert(byte[] png, params (string Type, byte[] Payload)[] chunks) =>
        [.. png.AsSpan(0, HeaderEnd), .. chunks.SelectMany(chunk => Chunk(chunk.Type, chunk.Payload)), .. png.AsSpan(HeaderEnd)];

    /// <summary>Length, type, payload and CRC-32.</summary>
    public static byte[] Chunk(string type, byte[] payload)
    {
        byte[] chunk = [0, 0, 0, 0, .. Encoding.ASCII.GetBytes(type), .. payload, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(chunk, payload.Length);
        var crc = uint.MaxValue;
        foreach (var value in chunk.AsSpan(4, 4 + payload.Length))
            crc = CrcTable[(byte)(crc ^ value)] ^ crc >> 8;
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(8 + payload.Length), ~crc);
        return chunk;
    }

    /// <summary>An IHDR chunk of a non-interlaced picture.</summary>
    public static byte[] Header(int width, int height, byte bitDepth, byte colourType)
    {
        byte[] payload = [0, 0, 0, 0, 0, 0, 0, 0, bitDepth, colourType, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(payload, width);
        BinaryPrimitives.WriteInt32BigEndian(payload.AsSpan(4), height);
        return Chunk("IHDR", payload);
    }

    private static uint TableEntry(int value)
    {
        var crc = (uint)value;
        for (var bit = 0; bit < 8; bit++)
            crc = (crc & 1) != 0 ? 0xEDB88320 ^ crc >> 1 : crc >> 1;
        return crc;
    }
}

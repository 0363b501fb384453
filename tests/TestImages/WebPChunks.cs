using System.Buffers.Binary;
using System.Text;

namespace PhotoPlatform.TestImages;

/// <summary>Reads the RIFF structure of WebP files.</summary>
public static class WebPChunks
{
    /// <summary>The chunk types in their order, such as "VP8X", "ALPH", "VP8 ".</summary>
    /// <exception cref="InvalidDataException">No WebP, or lengths that do not add up to the file's.</exception>
    public static IReadOnlyList<string> List(ReadOnlySpan<byte> file)
    {
        if (!file.StartsWith("RIFF"u8) || !file[8..].StartsWith("WEBP"u8)
            || BinaryPrimitives.ReadInt32LittleEndian(file[4..]) != file.Length - 8)
            throw new InvalidDataException("No WebP file.");
        var types = new List<string>();
        var rest = file[12..];
        while (rest.Length > 0)
        {
            types.Add(Encoding.ASCII.GetString(rest[..4]));
            var length = BinaryPrimitives.ReadInt32LittleEndian(rest[4..]);
            rest = rest[(8 + length + (length & 1))..];
        }
        return types;
    }

    /// <summary>The chunks that carry anything but pixels: empty for a clean rendition.</summary>
    public static IReadOnlyList<string> Metadata(ReadOnlySpan<byte> file) =>
        [.. List(file).Where(type => type is not ("VP8X" or "ALPH" or "VP8 " or "VP8L"))];
}

namespace PhotoPlatform.Imaging.Formats;

/// <summary>Why a file is not accepted: a stable code for programs and one sentence for people.</summary>
/// <param name="Code">One of the codes below; stable, part of the API.</param>
/// <param name="Sentence">What is wrong, in words that the owner of the photo understands.</param>
public sealed record Rejection(string Code, string Sentence)
{
    /// <summary>The code when the bytes are none of our types, or a variant of one that browsers do not show either.</summary>
    public const string UnsupportedTypeCode = "unsupported-type";
    /// <summary>The code when the structure or the pixel data are broken.</summary>
    public const string CorruptCode = "corrupt";
    /// <summary>The code when the file ends before the picture does.</summary>
    public const string TruncatedCode = "truncated";
    /// <summary>The code when the file is longer than <see cref="ImageLimits.MaxBytes"/>.</summary>
    public const string TooManyBytesCode = "too-many-bytes";
    /// <summary>The code when a side is longer than <see cref="ImageLimits.MaxSide"/>.</summary>
    public const string SideTooLongCode = "side-too-long";
    /// <summary>The code when the area is over <see cref="ImageLimits.MaxPixels"/> or <see cref="ImageLimits.MaxProgressivePixels"/>.</summary>
    public const string TooManyPixelsCode = "too-many-pixels";

    /// <summary>The bytes are none of JPEG, PNG, WebP and GIF.</summary>
    public static Rejection UnsupportedType { get; } =
        new(UnsupportedTypeCode, "The file is not a JPEG, PNG, WebP or GIF image.");

    /// <summary>The file ends before the picture does.</summary>
    public static Rejection Truncated { get; } = new(TruncatedCode, "The file ends before the picture is complete.");

    /// <summary>The structure is in order, the pixel data are not.</summary>
    public static Rejection CorruptPixels { get; } = new(CorruptCode, "The picture data are damaged.");

    /// <summary>A rejection with <see cref="CorruptCode"/>.</summary>
    internal static Rejection Corrupt(string sentence) => new(CorruptCode, sentence);
}

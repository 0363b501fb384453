namespace PhotoPlatform.Imaging.Formats;

/// <summary>Width and height in pixels, each at least 1.</summary>
public readonly record struct PixelSize(int Width, int Height)
{
    public int LongSide => Math.Max(Width, Height);
    public int ShortSide => Math.Min(Width, Height);

    /// <summary>Width and height exchanged, as a quarter turn does.</summary>
    public PixelSize Transpose() => new(Height, Width);

    public override string ToString() => $"{Width}x{Height}";

    /// <summary>Shrunk in proportion until the longer side is at most <paramref name="side"/>; never enlarged, never under 1.</summary>
    public PixelSize FitLongSide(int side) => Scale(side, LongSide);

    /// <summary>Shrunk in proportion until the shorter side is at most <paramref name="side"/>; never enlarged.</summary>
    public PixelSize FitShortSide(int side) => Scale(side, ShortSide);

    /// <summary>Whether a picture of this size can be shrunk to <paramref name="other"/> without enlarging either side.</summary>
    public bool Covers(PixelSize other) => Width >= other.Width && Height >= other.Height;

    private PixelSize Scale(int numerator, int denominator) => numerator >= denominator
        ? this
        : new(Scale(Width, numerator, denominator), Scale(Height, numerator, denominator));

    // Rounds half up, in whole numbers: the same on every machine and for both orientations.
    private static int Scale(int length, int numerator, int denominator) =>
        (int)Math.Max(1, (2L * length * numerator + denominator) / (2L * denominator));
}

namespace PhotoPlatform.Imaging.Formats;

/// <summary>
/// Encodes a picture as a BlurHash: a short text from which a client paints a blurred placeholder. The algorithm is the
/// published one (blurha.sh, woltapp/blurhash, Algorithm.md): a cosine transform of linear RGB, each factor quantised, base 83.
/// </summary>
public static class BlurHash
{
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";
    private static readonly double[] Linear = [.. Enumerable.Range(0, 256).Select(ToLinear)];

    /// <summary>The length of every hash with this many components: 28 for 4 x 3.</summary>
    public static int Length(int xComponents, int yComponents) => 4 + 2 * xComponents * yComponents;

    /// <summary>The hash of a small picture; the time is pixels times components, so give at most some thousand pixels.</summary>
    /// <param name="rgb">sRGB, three bytes a pixel, rows from the top, without padding: 3 * width * height bytes.</param>
    /// <param name="size">Of the picture.</param>
    /// <param name="xComponents">1-9, horizontal detail.</param>
    /// <param name="yComponents">1-9, vertical detail.</param>
    /// <exception cref="ArgumentException">A number of components outside 1-9, or pixels that do not fit the size.</exception>
    public static string Encode(ReadOnlySpan<byte> rgb, PixelSize size, int xComponents, int yComponents)
    {
        if (xComponents is < 1 or > 9 || yComponents is < 1 or > 9)
            throw new ArgumentException("A BlurHash has 1 to 9 components in each direction.");
        if (rgb.Length == 0 || rgb.Length != 3L * size.Width * size.Height)
            throw new ArgumentException("The pixels do not fit the size.", nameof(rgb));

        Span<(double R, double G, double B)> factors = stackalloc (double, double, double)[xComponents * yComponents];
        for (var y = 0; y < yComponents; y++)
            for (var x = 0; x < xComponents; x++)
                factors[y * xComponents + x] = Factor(rgb, size, x, y);

        Span<char> hash = stackalloc char[Length(xComponents, yComponents)];
        Write(hash[..1], xComponents - 1 + (yComponents - 1) * 9);
        var maximum = 0.0;
        foreach (var (r, g, b) in factors[1..])
            maximum = Math.Max(maximum, Math.Max(Math.Abs(r), Math.Max(Math.Abs(g), Math.Abs(b))));
        var quantisedMaximum = factors.Length > 1 ? Math.Clamp((int)Math.Floor(maximum * 166 - 0.5), 0, 82) : 0;
        Write(hash[1..2], quantisedMaximum);
        Write(hash[2..6], (ToSrgb(factors[0].R) << 16) | (ToSrgb(factors[0].G) << 8) | ToSrgb(factors[0].B));
        var scale = factors.Length > 1 ? (quantisedMaximum + 1) / 166.0 : 1;
        for (var i = 1; i < factors.Length; i++)
            Write(hash.Slice(4 + 2 * i, 2),
                (Quantise(factors[i].R / scale) * 19 + Quantise(factors[i].G / scale)) * 19 + Quantise(factors[i].B / scale));
        return new string(hash);
    }

    private static (double R, double G, double B) Factor(ReadOnlySpan<byte> rgb, PixelSize size, int xComponent, int yComponent)
    {
        double r = 0, g = 0, b = 0;
        for (var y = 0; y < size.Height; y++)
        {
            var vertical = Math.Cos(Math.PI * yComponent * y / size.Height);
            for (var x = 0; x < size.Width; x++)
            {
                var basis = Math.Cos(Math.PI * xComponent * x / size.Width) * vertical;
                var pixel = rgb.Slice(3 * (y * size.Width + x), 3);
                r += basis * Linear[pixel[0]];
                g += basis * Linear[pixel[1]];
                b += basis * Linear[pixel[2]];
            }
        }
        var scale = (xComponent == 0 && yComponent == 0 ? 1.0 : 2.0) / ((double)size.Width * size.Height);
        return (r * scale, g * scale, b * scale);
    }

    private static double ToLinear(int value)
    {
        var v = value / 255.0;
        return v <= 0.04045 ? v / 12.92 : Math.Pow((v + 0.055) / 1.055, 2.4);
    }

    private static int ToSrgb(double value)
    {
        var v = Math.Clamp(value, 0, 1);
        return (int)((v <= 0.0031308 ? v * 12.92 : 1.055 * Math.Pow(v, 1 / 2.4) - 0.055) * 255 + 0.5);
    }

    private static int Quantise(double value) =>
        Math.Clamp((int)Math.Floor(Math.CopySign(Math.Sqrt(Math.Abs(value)), value) * 9 + 9.5), 0, 18);

    private static void Write(Span<char> digits, int value)
    {
        for (var i = digits.Length - 1; i >= 0; i--, value /= Alphabet.Length)
            digits[i] = Alphabet[value % Alphabet.Length];
    }
}

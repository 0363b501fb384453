using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.Imaging.Vips;

namespace PhotoPlatform.TestImages;

/// <summary>Pixels to make test files of, and to compare: 8-bit sRGB, rows from the top, no padding.</summary>
/// <param name="pixels">Bands * width * height bytes.</param>
/// <param name="size">In pixels.</param>
/// <param name="bands">3, or 4 with straight alpha.</param>
public sealed class Picture(byte[] pixels, PixelSize size, int bands = 3)
{
    public PixelSize Size => size;
    public int Bands => bands;
    public ReadOnlySpan<byte> Pixels => pixels;

    /// <summary>The bands of one pixel.</summary>
    public ReadOnlySpan<byte> At(int x, int y) => pixels.AsSpan(bands * (y * size.Width + x), bands);

    /// <summary>
    /// Something with the statistics of a photo: a sky, several octaves of noise as ground, discs with hard edges, and
    /// grain. The same for the same arguments on every machine.
    /// </summary>
    public static Picture Photo(int width, int height, int seed = 1)
    {
        var random = new Random(seed);
        var noise = new ValueNoise(seed);
        var discs = Enumerable.Range(0, 12)
            .Select(_ => (X: random.Next(width), Y: random.Next(height), R: random.Next(1, 2 + Math.Min(width, height) / 8), Colour: random.Next(1 << 24)))
            .ToArray();
        var pixels = new byte[3 * width * height];
        for (int y = 0, at = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++, at += 3)
            {
                var ground = 150 * noise.At(x, y);
                var sky = 90.0 * (height - y) / height;
                var (r, g, b) = (ground + sky * 0.5, ground * 0.9 + sky * 0.8, ground * 0.6 + sky * 1.6);
                foreach (var disc in discs)
                    if ((x - disc.X) * (x - disc.X) + (y - disc.Y) * (y - disc.Y) < disc.R * disc.R)
                        (r, g, b) = (r * 0.3 + 0.7 * (disc.Colour >> 16), g * 0.3 + 0.7 * (disc.Colour >> 8 & 255), b * 0.3 + 0.7 * (disc.Colour & 255));
                var grain = random.Next(-5, 6);
                pixels[at] = (byte)Math.Clamp(r + grain, 0, 255);
                pixels[at + 1] = (byte)Math.Clamp(g + grain, 0, 255);
                pixels[at + 2] = (byte)Math.Clamp(b + grain, 0, 255);
            }
        }
        return new(pixels, new(width, height));
    }

    /// <summary>Four quarters that no turn or mirroring leaves in place: red and green above, blue and yellow below.</summary>
    public static Picture Quadrants(int width, int height) => Paint(width, height, (x, y) => (x < width / 2, y < height / 2) switch
    {
        (true, true) => [220, 30, 30],
        (false, true) => [30, 180, 30],
        (true, false) => [30, 30, 220],
        (false, false) => [230, 220, 40],
    });

    /// <summary>One colour everywhere; 3 or 4 bands as given.</summary>
    public static Picture Solid(int width, int height, params byte[] colour) => Paint(width, height, (_, _) => colour);

    /// <summary>Each pixel from its place; the first decides how many bands there are.</summary>
    public static Picture Paint(int width, int height, Func<int, int, byte[]> colour)
    {
        var bands = colour(0, 0).Length;
        var pixels = new byte[bands * width * height];
        for (var y = 0; y < height; y++)
            for (var x = 0; x < width; x++)
                colour(x, y).CopyTo(pixels, bands * (y * width + x));
        return new(pixels, new(width, height), bands);
    }

    /// <summary>The picture as a camera held that way stores it: turned upright by its EXIF orientation it is this one again.</summary>
    public Picture StoredAs(ExifOrientation orientation)
    {
        var (w, h) = (size.Width, size.Height);
        var stored = orientation.Transposes() ? size.Transpose() : size;
        // TIFF 6.0: which side of the upright picture the stored row 0 and column 0 are.
        return Paint(stored.Width, stored.Height, (x, y) => (orientation switch
        {
            ExifOrientation.TopRight => At(w - 1 - x, y),
            ExifOrientation.BottomRight => At(w - 1 - x, h - 1 - y),
            ExifOrientation.BottomLeft => At(x, h - 1 - y),
            ExifOrientation.LeftTop => At(y, x),
            ExifOrientation.RightTop => At(w - 1 - y, x),
            ExifOrientation.RightBottom => At(w - 1 - y, h - 1 - x),
            ExifOrientation.LeftBottom => At(y, h - 1 - x),
            _ => At(x, y),
        }).ToArray());
    }

    /// <summary>The mean difference of all bytes, 0-255; the pictures must have one size.</summary>
    public double MeanDifference(Picture other)
    {
        if (other.Size != size || other.Bands != bands)
            throw new ArgumentException($"{other.Size} with {other.Bands} bands against {size} with {bands}");
        long sum = 0;
        for (var i = 0; i < pixels.Length; i++)
            sum += Math.Abs(pixels[i] - other.Pixels[i]);
        return (double)sum / pixels.Length;
    }

    public byte[] ToJpeg(int quality = 85, bool progressive = false) =>
        Save("jpegsave_buffer", ("Q", quality), ("interlace", progressive));

    public byte[] ToPng(bool interlaced = false) => Save("pngsave_buffer", ("interlace", interlaced), ("compression", 1));

    public byte[] ToPalettePng() => Save("pngsave_buffer", ("palette", true));

    public byte[] ToWebP(bool lossless = false) => Save("webpsave_buffer", ("lossless", lossless), ("effort", 1));

    public byte[] ToGif(bool interlaced = false) => Save("gifsave_buffer", ("interlace", interlaced), ("effort", 1));

    /// <summary>A JPEG in the colours of one of the profiles that libvips carries ("p3", "cmyk"), tagged with it or not.</summary>
    public byte[] ToJpegIn(string profile, bool tagged)
    {
        using var image = ToVips();
        using var converted = VipsOperation.Image("icc_transform",
            ("in", image), ("output_profile", profile), ("input_profile", "srgb"), ("black_point_compensation", true));
        return VipsOperation.Buffer("jpegsave_buffer", bytes => bytes.ToArray(), ("in", converted), ("Q", 95), ("strip", !tagged));
    }

    /// <summary>A PNG with 16 bits a channel.</summary>
    public byte[] ToPng16()
    {
        const int Rgb16 = 25;
        using var image = ToVips();
        using var deep = VipsOperation.Image("colourspace", ("in", image), ("space", Rgb16));
        return VipsOperation.Buffer("pngsave_buffer", bytes => bytes.ToArray(), ("in", deep));
    }

    /// <summary>A JPEG of its luminance alone.</summary>
    public byte[] ToGreyJpeg()
    {
        const int BlackWhite = 1;
        using var image = ToVips();
        using var grey = VipsOperation.Image("colourspace", ("in", image), ("space", BlackWhite));
        return VipsOperation.Buffer("jpegsave_buffer", bytes => bytes.ToArray(), ("in", grey), ("Q", 95));
    }

    /// <summary>An animated GIF of frames that have one size.</summary>
    public static byte[] AnimatedGif(params Picture[] frames) => SaveAnimation("gifsave_buffer", frames);

    /// <summary>An animated WebP of frames that have one size.</summary>
    public static byte[] AnimatedWebP(params Picture[] frames) => SaveAnimation("webpsave_buffer", frames);

    /// <summary>The pixels of a WebP file, as a client sees them.</summary>
    public static Picture FromWebP(ReadOnlySpan<byte> file)
    {
        using var buffer = new NativeBuffer(file.Length) { Length = file.Length };
        file.CopyTo(buffer.Span);
        using var image = VipsOperation.Image("webpload_buffer", ("buffer", buffer), ("fail_on", 3));
        return new(image.ToPixels(), image.Size, image.Bands);
    }

    private VipsImage ToVips()
    {
        const int Srgb = 22;
        using var raw = VipsImage.FromPixels(pixels, size, bands);
        return VipsOperation.Image("copy", ("in", raw), ("interpretation", Srgb));
    }

    private byte[] Save(string saver, params ReadOnlySpan<(string Name, object Value)> options)
    {
        using var image = ToVips();
        return VipsOperation.Buffer(saver, bytes => bytes.ToArray(), [("in", image), .. options]);
    }

    private static byte[] SaveAnimation(string saver, Picture[] frames)
    {
        var size = frames[0].Size;
        var strip = new Picture([.. frames.SelectMany(frame => frame.Pixels.ToArray())], new(size.Width, size.Height * frames.Length), frames[0].Bands);
        using var image = strip.ToVips();
        VipsNative.SetInt(image, "page-height", size.Height);
        return VipsOperation.Buffer(saver, bytes => bytes.ToArray(), ("in", image));
    }

    /// <summary>Smooth noise between 0 and 1: random values on four grids, each finer and fainter, interpolated.</summary>
    private sealed class ValueNoise
    {
        private const int Cells = 256;
        private readonly double[] _values = new double[Cells * Cells];

        internal ValueNoise(int seed)
        {
            var random = new Random(seed);
            for (var i = 0; i < _values.Length; i++)
                _values[i] = random.NextDouble();
        }

        internal double At(int x, int y)
        {
            double sum = 0, weight = 0.5;
            for (var cell = 128.0; cell >= 2; cell /= 4, weight /= 2)
                sum += weight * Interpolate(x / cell, y / cell);
            return sum;
        }

        private double Interpolate(double x, double y)
        {
            int left = (int)x, top = (int)y;
            double right = x - left, down = y - top;
            return (Value(left, top) * (1 - right) + Value(left + 1, top) * right) * (1 - down)
                + (Value(left, top + 1) * (1 - right) + Value(left + 1, top + 1) * right) * down;
        }

        private double Value(int x, int y) => _values[(y & (Cells - 1)) * Cells + (x & (Cells - 1))];
    }
}

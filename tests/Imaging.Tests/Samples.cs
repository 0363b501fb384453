using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.TestImages;

namespace PhotoPlatform.Imaging.Tests;

/// <summary>Small real files of every kind that is accepted, 90 x 60 pixels unless their name says otherwise.</summary>
internal static class Samples
{
    internal static readonly PixelSize Size = new(90, 60);
    internal static readonly Picture Photo = Picture.Photo(Size.Width, Size.Height);

    private static readonly Lazy<Dictionary<string, (byte[] File, ImageHeader Header)>> Made = new(() => new()
    {
        ["jpeg"] = (Photo.ToJpeg(), Header(ImageType.Jpeg)),
        ["jpeg-progressive"] = (Photo.ToJpeg(progressive: true), Header(ImageType.Jpeg, progressive: true)),
        ["jpeg-camera"] = (CameraFile.WithMetadata(Photo.ToJpeg(), orientation: 6), Header(ImageType.Jpeg)),
        ["jpeg-grey"] = (Photo.ToGreyJpeg(), Header(ImageType.Jpeg)),
        ["jpeg-cmyk"] = (Photo.ToJpegIn("cmyk", tagged: true), Header(ImageType.Jpeg)),
        ["png"] = (Photo.ToPng(), Header(ImageType.Png)),
        ["png-interlaced"] = (Photo.ToPng(interlaced: true), Header(ImageType.Png, progressive: true)),
        ["png-16"] = (Photo.ToPng16(), Header(ImageType.Png) with { BitDepth = 16 }),
        ["png-palette"] = (Photo.ToPalettePng(), Header(ImageType.Png)),
        ["png-camera"] = (CameraFile.WithPngMetadata(Photo.ToPng(), orientation: 6), Header(ImageType.Png)),
        ["webp"] = (Photo.ToWebP(), Header(ImageType.WebP)),
        ["webp-lossless"] = (Photo.ToWebP(lossless: true), Header(ImageType.WebP)),
        ["webp-alpha"] = (Picture.Solid(Size.Width, Size.Height, 200, 100, 50, 128).ToWebP(), Header(ImageType.WebP)),
        ["webp-camera"] = (CameraFile.WithWebPMetadata(Bare(Photo.ToWebP()), Size, orientation: 6), Header(ImageType.WebP)),
        ["webp-animated"] = (Picture.AnimatedWebP(Photo, Picture.Quadrants(Size.Width, Size.Height)), Header(ImageType.WebP, animated: true)),
        // This writer announces a loop in stills too.
        ["gif"] = (Photo.ToGif(), Header(ImageType.Gif, animated: true)),
        ["gif-interlaced"] = (Photo.ToGif(interlaced: true), Header(ImageType.Gif, animated: true, progressive: true)),
        ["gif-animated"] = (Picture.AnimatedGif(Photo, Picture.Quadrants(Size.Width, Size.Height)), Header(ImageType.Gif, animated: true)),
    });

    internal static IReadOnlyList<string> Names => [.. Made.Value.Keys];

    internal static byte[] File(string name) => Made.Value[name].File;

    internal static ImageHeader Header(string name) => Made.Value[name].Header;

    /// <summary>Stripped by the code under test: only for files whose other properties are tested.</summary>
    internal static byte[] Bare(byte[] webP) => Strip(webP, ImageType.WebP, keepColourProfile: false);

    internal static byte[] Strip(byte[] file, ImageType type, bool keepColourProfile)
    {
        var destination = new byte[ImageStripper.MaxLength(file.Length)];
        Assert.Null(ImageStripper.Strip(file, type, destination, keepColourProfile, out var written));
        return destination[..written];
    }

    /// <summary>The file with up to 8 bytes changed, or bytes cut out, doubled or cut off: never the same for two seeds, always for one.</summary>
    internal static byte[] Mutate(byte[] file, int seed)
    {
        var random = new Random(seed);
        // Mostly the head: that is where the structure is.
        var from = random.Next(4) == 0 ? random.Next(file.Length) : random.Next(Math.Min(file.Length, 700));
        var length = random.Next(Math.Min(64, file.Length - from));
        switch (random.Next(6))
        {
            case 0:
                return file[..from];
            case 1:
                return [.. file[..from], .. file[(from + length)..]];
            case 2:
                return [.. file[..(from + length)], .. file[from..]];
            default:
                var changed = (byte[])file.Clone();
                for (var i = random.Next(1, 9); i > 0; i--)
                    changed[Math.Min(from + random.Next(32), file.Length - 1)] = random.Next(3) switch
                    {
                        0 => 0xFF,
                        1 => 0,
                        _ => (byte)random.Next(256),
                    };
                return changed;
        }
    }

    private static ImageHeader Header(ImageType type, bool animated = false, bool progressive = false) =>
        new(type, Size.Width, Size.Height, BitDepth: 8, animated, progressive);
}

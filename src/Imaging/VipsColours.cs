using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.Imaging.Vips;

namespace PhotoPlatform.Imaging;

/// <summary>Colour conversion and orientation.</summary>
internal static class VipsColours
{
    private const int SrgbInterpretation = 22;
    private const int Rot90 = 1, Rot180 = 2, Rot270 = 3;
    private const int Horizontal = 0, Vertical = 1;

    /// <summary>
    /// 8-bit sRGB with three bands, four with alpha, upright, in memory. A tagged picture goes through its ICC profile; an
    /// untagged one, or one whose profile is broken or for another colour model, through the definition of its colour space.
    /// </summary>
    internal static VipsImage ToSrgbUpright(VipsImage stored, ExifOrientation orientation)
    {
        using var managed = ThroughProfile(stored);
        using var srgb = VipsOperation.Image("colourspace", ("in", managed), ("space", SrgbInterpretation));
        using var bytes = VipsOperation.Image("cast", ("in", srgb), ("format", 0));
        using var turned = orientation switch
        {
            ExifOrientation.BottomRight => Rotate(bytes, Rot180),
            ExifOrientation.LeftTop or ExifOrientation.RightTop => Rotate(bytes, Rot90),
            ExifOrientation.RightBottom or ExifOrientation.LeftBottom => Rotate(bytes, Rot270),
            ExifOrientation.BottomLeft => Flip(bytes, Vertical),
            _ => VipsOperation.Image("copy", ("in", bytes)),
        };
        using var upright = orientation is ExifOrientation.TopRight or ExifOrientation.LeftTop or ExifOrientation.RightBottom
            ? Flip(turned, Horizontal)
            : VipsOperation.Image("copy", ("in", turned));
        return upright.ToMemory();
    }

    /// <summary>The three colour bands, with transparent pixels on white.</summary>
    internal static VipsImage OnWhite(VipsImage srgb) => srgb.HasAlpha
        ? VipsOperation.Image("flatten", ("in", srgb), ("background", new[] { 255.0 }))
        : VipsOperation.Image("copy", ("in", srgb));

    private static VipsImage ThroughProfile(VipsImage stored)
    {
        if (!stored.HasColourProfile && !stored.IsCmyk)
            return VipsOperation.Image("copy", ("in", stored));
        try
        {
            // Where the file's own profile does not serve, CMYK goes through the one that libvips carries.
            return VipsOperation.Image("icc_transform",
                ("in", stored), ("output_profile", "srgb"), ("input_profile", stored.IsCmyk ? "cmyk" : "srgb"),
                ("embedded", true), ("black_point_compensation", true));
        }
        catch (VipsException)
        {
            return VipsOperation.Image("copy", ("in", stored));
        }
    }

    private static VipsImage Rotate(VipsImage image, int angle) => VipsOperation.Image("rot", ("in", image), ("angle", angle));

    private static VipsImage Flip(VipsImage image, int direction) => VipsOperation.Image("flip", ("in", image), ("direction", direction));
}

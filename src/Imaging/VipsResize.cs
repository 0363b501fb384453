using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.Imaging.Vips;

namespace PhotoPlatform.Imaging;

/// <summary>Changes of size.</summary>
internal static class VipsResize
{
    /// <summary>To exactly this size, with Lanczos 3; colours of transparent pixels do not bleed into their neighbours.</summary>
    internal static VipsImage To(VipsImage image, PixelSize size)
    {
        var from = image.Size;
        if (from == size)
            return VipsOperation.Image("copy", ("in", image));
        var across = (double)size.Width / from.Width;
        var down = (double)size.Height / from.Height;
        if (!image.HasAlpha)
            return VipsOperation.Image("resize", ("in", image), ("scale", across), ("vscale", down), ("gap", 2.0));

        using var premultiplied = VipsOperation.Image("premultiply", ("in", image));
        using var resized = VipsOperation.Image("resize", ("in", premultiplied), ("scale", across), ("vscale", down), ("gap", 2.0));
        using var straight = VipsOperation.Image("unpremultiply", ("in", resized));
        using var whole = VipsOperation.Image("round", ("in", straight), ("round", 0));
        return VipsOperation.Image("cast", ("in", whole), ("format", image.Format));
    }

    /// <summary>The square with this side around what draws the eye, of a picture whose shorter side is at least that.</summary>
    internal static VipsImage SmartSquare(VipsImage image, int side)
    {
        const int Attention = 3;
        using var resized = To(image, image.Size.FitShortSide(side));
        using var inMemory = resized.ToMemory();
        return VipsOperation.Image("smartcrop", ("input", inMemory), ("width", side), ("height", side), ("interesting", Attention));
    }
}

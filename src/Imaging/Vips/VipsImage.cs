using System.Runtime.InteropServices;
using PhotoPlatform.Imaging.Formats;

namespace PhotoPlatform.Imaging.Vips;

/// <summary>A reference to a VipsImage: pixels, or a recipe for them that runs when they are asked for.</summary>
internal sealed class VipsImage : SafeHandle
{
    private const int CmykInterpretation = 15;

    public VipsImage() : base(0, ownsHandle: true)
    {
    }

    /// <summary>Takes over one reference.</summary>
    internal VipsImage(nint image) : this() => SetHandle(image);

    public override bool IsInvalid => handle == 0;

    internal PixelSize Size => new(VipsNative.Width(this), VipsNative.Height(this));
    internal int Bands => VipsNative.Bands(this);
    /// <summary>The VipsBandFormat.</summary>
    internal int Format => VipsNative.Format(this);
    internal bool IsCmyk => VipsNative.Interpretation(this) == CmykInterpretation;
    internal bool HasAlpha => VipsNative.HasAlpha(this) != 0;
    internal bool HasColourProfile => VipsNative.TypeOf(this, "icc-profile-data") != 0;

    /// <summary>
    /// Runs the recipe and keeps its pixels in memory. Cancelling stops it between two strips.
    /// </summary>
    /// <exception cref="VipsException">A step failed; with a loader among them, mostly the input's fault.</exception>
    internal VipsImage ToMemory(CancellationToken cancellationToken = default)
    {
        using var kill = cancellationToken.Register(static image => VipsNative.SetKill((VipsImage)image!, 1), this);
        var copy = VipsNative.CopyMemory(this);
        if (copy != 0)
            return new VipsImage(copy);
        var error = VipsLibrary.TakeError();
        cancellationToken.ThrowIfCancellationRequested();
        throw new VipsException(error);
    }

    /// <summary>Runs the recipe and copies its pixels: rows from the top, bands interleaved, no padding.</summary>
    internal byte[] ToPixels()
    {
        var pixels = VipsNative.WriteToMemory(this, out var length);
        if (pixels == 0)
            throw new VipsException(VipsLibrary.TakeError());
        try
        {
            var copy = new byte[length];
            Marshal.Copy(pixels, copy, 0, copy.Length);
            return copy;
        }
        finally
        {
            VipsNative.Free(pixels);
        }
    }

    /// <summary>A picture of copied 8-bit pixels: rows from the top, bands interleaved, no padding.</summary>
    internal static unsafe VipsImage FromPixels(ReadOnlySpan<byte> pixels, PixelSize size, int bands)
    {
        const int UChar = 0;
        VipsLibrary.Start();
        fixed (byte* data = pixels)
        {
            var image = VipsNative.NewFromMemoryCopy(data, (nuint)pixels.Length, size.Width, size.Height, bands, UChar);
            return image != 0 ? new VipsImage(image) : throw new VipsException(VipsLibrary.TakeError());
        }
    }

    protected override bool ReleaseHandle()
    {
        VipsNative.Unref(handle);
        return true;
    }
}

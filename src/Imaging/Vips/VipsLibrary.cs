using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PhotoPlatform.Imaging.Vips;

/// <summary>Starts libvips once per process.</summary>
internal static unsafe class VipsLibrary
{
    private const int WarningAndBelow = 0x10 | 0x20 | 0x40 | 0x80;

    private static readonly Lazy<bool> Started = new(StartOnce);

    /// <summary>One thread per picture, no operation cache, operations blocked that libvips itself calls unfit for untrusted input.</summary>
    /// <exception cref="DllNotFoundException">libvips is not installed; the message says what to install.</exception>
    internal static void Start() => _ = Started.Value;

    internal static void Require(string library, string package)
    {
        if (!NativeLibrary.TryLoad(library, out _))
            throw new DllNotFoundException($"{library} not found; install the Debian package {package}");
    }

    /// <summary>What libvips says about its last failures; empties its buffer, which all threads share.</summary>
    internal static string TakeError()
    {
        var text = VipsNative.ErrorBufferCopy();
        try
        {
            return Marshal.PtrToStringUTF8(text)?.Trim().ReplaceLineEndings("; ") ?? "";
        }
        finally
        {
            VipsNative.Free(text);
        }
    }

    private static bool StartOnce()
    {
        Require(VipsNative.Vips, "libvips42");
        if (VipsNative.Init("PhotoPlatform") != 0)
            throw new VipsException($"libvips does not start: {TakeError()}");
        VipsNative.ConcurrencySet(1);
        VipsNative.CacheSetMax(0);
        VipsNative.BlockUntrustedSet(1);
        // GLib prints warnings to stderr, each a line that a hostile file can cause.
        VipsNative.LogSetHandler("VIPS", WarningAndBelow, &Ignore, 0);
        return true;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Ignore(nint domain, int level, nint message, nint data)
    {
    }
}

using System.Runtime.InteropServices;

namespace PhotoPlatform.Imaging.Vips;

/// <summary>Bytes that stay where they are while libvips reads them, outside the garbage-collected heap. Must outlive every image loaded from it.</summary>
internal sealed unsafe class NativeBuffer(int capacity) : IDisposable
{
    private byte* _data = (byte*)NativeMemory.Alloc((nuint)capacity);

    /// <summary>How many bytes are in use.</summary>
    internal int Length { get; set; }

    internal nint Address => (nint)_data;

    internal Span<byte> Span => new(_data, capacity);

    public void Dispose()
    {
        NativeMemory.Free(_data);
        _data = null;
    }
}

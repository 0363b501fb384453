using System.Runtime.InteropServices;

namespace PhotoPlatform.Imaging.Vips;

/// <summary>
/// The C functions used, none with a variable argument list: those break on ABIs that pass such arguments differently.
/// Names and signatures are those of the libvips 8.14 and GObject 2 headers.
/// </summary>
internal static unsafe partial class VipsNative
{
    internal const string Vips = "libvips.so.42";
    private const string GObject = "libgobject-2.0.so.0";
    private const string GLib = "libglib-2.0.so.0";

    [LibraryImport(Vips, EntryPoint = "vips_init", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Init(string programName);

    [LibraryImport(Vips, EntryPoint = "vips_concurrency_set")]
    internal static partial void ConcurrencySet(int threads);

    [LibraryImport(Vips, EntryPoint = "vips_cache_set_max")]
    internal static partial void CacheSetMax(int operations);

    [LibraryImport(Vips, EntryPoint = "vips_block_untrusted_set")]
    internal static partial void BlockUntrustedSet(int state);

    [LibraryImport(Vips, EntryPoint = "vips_error_buffer_copy")]
    internal static partial nint ErrorBufferCopy();

    [LibraryImport(Vips, EntryPoint = "vips_operation_new", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint OperationNew(string nickname);

    [LibraryImport(Vips, EntryPoint = "vips_cache_operation_build")]
    internal static partial nint OperationBuild(nint operation);

    [LibraryImport(Vips, EntryPoint = "vips_object_unref_outputs")]
    internal static partial void UnrefOutputs(nint operation);

    [LibraryImport(Vips, EntryPoint = "vips_image_get_type")]
    internal static partial nuint ImageGType();

    [LibraryImport(Vips, EntryPoint = "vips_blob_get_type")]
    internal static partial nuint BlobGType();

    [LibraryImport(Vips, EntryPoint = "vips_array_double_get_type")]
    internal static partial nuint ArrayDoubleGType();

    [LibraryImport(Vips, EntryPoint = "vips_value_set_array_double")]
    internal static partial void ValueSetArrayDouble(ref GValue value, double* array, int length);

    [LibraryImport(Vips, EntryPoint = "vips_blob_new")]
    internal static partial nint BlobNew(nint freeFunction, nint data, nuint length);

    [LibraryImport(Vips, EntryPoint = "vips_area_unref")]
    internal static partial void AreaUnref(nint area);

    [LibraryImport(Vips, EntryPoint = "vips_value_get_blob")]
    internal static partial nint ValueGetBlob(ref GValue value, out nuint length);

    [LibraryImport(Vips, EntryPoint = "vips_image_get_width")]
    internal static partial int Width(VipsImage image);

    [LibraryImport(Vips, EntryPoint = "vips_image_get_height")]
    internal static partial int Height(VipsImage image);

    [LibraryImport(Vips, EntryPoint = "vips_image_get_bands")]
    internal static partial int Bands(VipsImage image);

    [LibraryImport(Vips, EntryPoint = "vips_image_get_format")]
    internal static partial int Format(VipsImage image);

    [LibraryImport(Vips, EntryPoint = "vips_image_get_interpretation")]
    internal static partial int Interpretation(VipsImage image);

    [LibraryImport(Vips, EntryPoint = "vips_image_hasalpha")]
    internal static partial int HasAlpha(VipsImage image);

    [LibraryImport(Vips, EntryPoint = "vips_image_get_typeof", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nuint TypeOf(VipsImage image, string field);

    [LibraryImport(Vips, EntryPoint = "vips_image_set_int", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void SetInt(VipsImage image, string field, int value);

    [LibraryImport(Vips, EntryPoint = "vips_image_set_kill")]
    internal static partial void SetKill(VipsImage image, int kill);

    [LibraryImport(Vips, EntryPoint = "vips_image_copy_memory")]
    internal static partial nint CopyMemory(VipsImage image);

    [LibraryImport(Vips, EntryPoint = "vips_image_write_to_memory")]
    internal static partial nint WriteToMemory(VipsImage image, out nuint length);

    [LibraryImport(Vips, EntryPoint = "vips_image_new_from_memory_copy")]
    internal static partial nint NewFromMemoryCopy(byte* data, nuint length, int width, int height, int bands, int format);

    [LibraryImport(GObject, EntryPoint = "g_object_set_property", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void SetProperty(nint instance, string name, ref GValue value);

    [LibraryImport(GObject, EntryPoint = "g_object_get_property", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void GetProperty(nint instance, string name, ref GValue value);

    [LibraryImport(GObject, EntryPoint = "g_object_unref")]
    internal static partial void Unref(nint instance);

    [LibraryImport(GObject, EntryPoint = "g_value_init")]
    internal static partial nint ValueInit(ref GValue value, nuint type);

    [LibraryImport(GObject, EntryPoint = "g_value_unset")]
    internal static partial void ValueUnset(ref GValue value);

    [LibraryImport(GObject, EntryPoint = "g_value_set_int")]
    internal static partial void ValueSetInt(ref GValue value, int content);

    [LibraryImport(GObject, EntryPoint = "g_value_set_double")]
    internal static partial void ValueSetDouble(ref GValue value, double content);

    [LibraryImport(GObject, EntryPoint = "g_value_set_boolean")]
    internal static partial void ValueSetBoolean(ref GValue value, int content);

    [LibraryImport(GObject, EntryPoint = "g_value_set_string", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void ValueSetString(ref GValue value, string content);

    [LibraryImport(GObject, EntryPoint = "g_value_set_object")]
    internal static partial void ValueSetObject(ref GValue value, VipsImage content);

    [LibraryImport(GObject, EntryPoint = "g_value_set_boxed")]
    internal static partial void ValueSetBoxed(ref GValue value, nint content);

    [LibraryImport(GObject, EntryPoint = "g_value_dup_object")]
    internal static partial nint ValueDupObject(ref GValue value);

    [LibraryImport(GLib, EntryPoint = "g_free")]
    internal static partial void Free(nint memory);

    [LibraryImport(GLib, EntryPoint = "g_log_set_handler", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial uint LogSetHandler(
        string domain, int levels, delegate* unmanaged[Cdecl]<nint, int, nint, nint, void> handler, nint data);
}

/// <summary>GObject's typed value: 24 bytes, zeroed before g_value_init.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GValue
{
    // Fundamental types are their number shifted by 2 (gtype.h, G_TYPE_MAKE_FUNDAMENTAL).
    internal const nuint Boolean = 5 << 2;
    internal const nuint Int = 6 << 2;
    internal const nuint Double = 15 << 2;
    internal const nuint String = 16 << 2;

    private readonly nuint _type;
    private readonly long _data0;
    private readonly long _data1;
}

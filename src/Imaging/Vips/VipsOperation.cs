using System.Runtime.InteropServices;

namespace PhotoPlatform.Imaging.Vips;

/// <summary>Calls a libvips operation by its nickname, with arguments by name; <c>vips NICKNAME</c> lists them.</summary>
/// <remarks>Argument types: int (enumerations too), double, bool, string, double[], <see cref="VipsImage"/>, <see cref="NativeBuffer"/>.</remarks>
internal static unsafe class VipsOperation
{
    /// <summary>An operation whose result is the image "out".</summary>
    /// <exception cref="VipsException">The operation refused; the message has its reason.</exception>
    internal static VipsImage Image(string nickname, params ReadOnlySpan<(string Name, object Value)> arguments) =>
        Run(nickname, arguments, static operation =>
        {
            var value = default(GValue);
            VipsNative.ValueInit(ref value, VipsNative.ImageGType());
            VipsNative.GetProperty(operation, "out", ref value);
            var image = VipsNative.ValueDupObject(ref value);
            VipsNative.ValueUnset(ref value);
            return new VipsImage(image);
        });

    /// <summary>An operation whose result is the blob "buffer", as savers have.</summary>
    /// <param name="take">Gets the bytes, which are gone when it returns.</param>
    /// <exception cref="VipsException">The operation refused; the message has its reason.</exception>
    internal static T Buffer<T>(
        string nickname, ReadOnlySpanFunc<T> take, params ReadOnlySpan<(string Name, object Value)> arguments) =>
        Run(nickname, arguments, operation =>
        {
            var value = default(GValue);
            VipsNative.ValueInit(ref value, VipsNative.BlobGType());
            try
            {
                VipsNative.GetProperty(operation, "buffer", ref value);
                var data = VipsNative.ValueGetBlob(ref value, out var length);
                return take(new ReadOnlySpan<byte>((void*)data, checked((int)length)));
            }
            finally
            {
                VipsNative.ValueUnset(ref value);
            }
        });

    internal delegate T ReadOnlySpanFunc<out T>(ReadOnlySpan<byte> bytes);

    private static T Run<T>(string nickname, ReadOnlySpan<(string Name, object Value)> arguments, Func<nint, T> result)
    {
        VipsLibrary.Start();
        var operation = VipsNative.OperationNew(nickname);
        if (operation == 0)
            throw new VipsException($"{nickname}: {VipsLibrary.TakeError()}");
        try
        {
            foreach (var (name, value) in arguments)
                Set(operation, name, value);
            var built = VipsNative.OperationBuild(operation);
            if (built == 0)
                throw new VipsException($"{nickname}: {VipsLibrary.TakeError()}");
            VipsNative.Unref(operation);
            operation = built;
            return result(operation);
        }
        finally
        {
            VipsNative.UnrefOutputs(operation);
            VipsNative.Unref(operation);
        }
    }

    private static void Set(nint operation, string name, object argument)
    {
        var value = default(GValue);
        switch (argument)
        {
            case int number:
                VipsNative.ValueInit(ref value, GValue.Int);
                VipsNative.ValueSetInt(ref value, number);
                break;
            case double number:
                VipsNative.ValueInit(ref value, GValue.Double);
                VipsNative.ValueSetDouble(ref value, number);
                break;
            case bool flag:
                VipsNative.ValueInit(ref value, GValue.Boolean);
                VipsNative.ValueSetBoolean(ref value, flag ? 1 : 0);
                break;
            case string text:
                VipsNative.ValueInit(ref value, GValue.String);
                VipsNative.ValueSetString(ref value, text);
                break;
            case double[] numbers:
                VipsNative.ValueInit(ref value, VipsNative.ArrayDoubleGType());
                fixed (double* first = numbers)
                    VipsNative.ValueSetArrayDouble(ref value, first, numbers.Length);
                break;
            case VipsImage image:
                VipsNative.ValueInit(ref value, VipsNative.ImageGType());
                VipsNative.ValueSetObject(ref value, image);
                break;
            case NativeBuffer buffer:
                VipsNative.ValueInit(ref value, VipsNative.BlobGType());
                var blob = VipsNative.BlobNew(0, buffer.Address, (nuint)buffer.Length);
                VipsNative.ValueSetBoxed(ref value, blob);
                VipsNative.AreaUnref(blob);
                break;
            default:
                throw new ArgumentException($"{name}: no GValue for {argument.GetType()}", nameof(argument));
        }
        VipsNative.SetProperty(operation, name, ref value);
        VipsNative.ValueUnset(ref value);
    }
}

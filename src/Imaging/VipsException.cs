namespace PhotoPlatform.Imaging;

/// <summary>libvips refused an operation.</summary>
public sealed class VipsException : Exception
{
    public VipsException() { }
    public VipsException(string message) : base(message) { }
    public VipsException(string message, Exception innerException) : base(message, innerException) { }
}

using System.Buffers;
using System.Security.Cryptography;
using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.Media.Uploads;

namespace PhotoPlatform.Media.Photos;

/// <summary>What came in: an accepted image, or why not.</summary>
internal sealed record ReceivedImage(ImageHeader Header, long Bytes, byte[] Sha256, Rejection? Rejection);

/// <summary>Streams an upload into its blob while hashing it. Its header decides before anything but its first bytes is stored.</summary>
internal sealed class ImageReceiver(ImageLimits limits, Stream blob)
{
    private const int FirstRead = 64 * 1024;

    /// <param name="body">The image's bytes.</param>
    /// <param name="declared">The type that the client gave, or null.</param>
    /// <param name="cancellationToken">The client's patience.</param>
    internal async Task<ReceivedImage> ReceiveAsync(Stream body, ImageType? declared, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(FirstRead);
        try
        {
            var length = 0;
            HeaderVerdict verdict = default;
            while (!verdict.Decided)
            {
                if (length == buffer.Length)
                    buffer = Grow(buffer);
                var read = await body.ReadAsync(buffer.AsMemory(length, Math.Min(buffer.Length, HeaderCheck.MaxPrefix) - length), cancellationToken);
                length += read;
                verdict = HeaderCheck.Of(buffer.AsSpan(0, length), endOfFile: read == 0, limits, declared);
            }
            return verdict.Rejection is { } rejection ? Refuse(rejection) : await StoreAsync(body, verdict.Header, buffer, length, cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task<ReceivedImage> StoreAsync(Stream body, ImageHeader header, byte[] buffer, int length, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var total = 0L;
        while (length > 0)
        {
            total += length;
            if (limits.CheckLength(total) is { } tooLong)
                return Refuse(tooLong);
            hash.AppendData(buffer, 0, length);
            await blob.WriteAsync(buffer.AsMemory(0, length), cancellationToken);
            length = await body.ReadAsync(buffer, cancellationToken);
        }
        return new ReceivedImage(header, total, hash.GetHashAndReset(), null);
    }

    private static byte[] Grow(byte[] buffer)
    {
        var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }

    private static ReceivedImage Refuse(Rejection rejection) => new(default, 0, [], rejection);
}

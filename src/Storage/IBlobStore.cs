namespace PhotoPlatform.Storage;

/// <summary>
/// Blobs: bytes under a key made of plain segments (letters, digits, '-', '_' and '.') divided by '/'. A blob is visible whole or not at all, and durable once written.
/// Every call with a key of another form throws <see cref="ArgumentException"/>, and every failure of the storage itself <see cref="IOException"/>.
/// </summary>
public interface IBlobStore
{
    /// <summary>Starts a blob. Nothing is visible under the key before <see cref="IBlobWriter.CommitAsync"/>; an existing blob of the key is then replaced.</summary>
    IBlobWriter Create(string key);

    /// <summary>Opens a blob, or a part of it, for reading, or returns null when there is none. The caller disposes the stream.</summary>
    /// <param name="key">The blob.</param>
    /// <param name="offset">Of the first byte; not beyond the blob's end.</param>
    /// <param name="length">How many bytes; null for all that follow.</param>
    /// <param name="cancellationToken">Ends the opening, not the reading.</param>
    Task<Stream?> OpenReadAsync(string key, long offset, long? length, CancellationToken cancellationToken);

    /// <summary>Deletes one blob; a missing one is no error.</summary>
    Task DeleteAsync(string key, CancellationToken cancellationToken);

    /// <summary>Deletes every blob whose key starts with the folder's segments; a missing folder is no error.</summary>
    Task DeleteFolderAsync(string folder, CancellationToken cancellationToken);

    /// <summary>The blobs below a folder, in no order.</summary>
    IAsyncEnumerable<BlobInfo> ListAsync(string folder, CancellationToken cancellationToken);

    /// <summary>Asks for room before a body is read. A storage that cannot know lets it pass, and says so while it is written to.</summary>
    /// <param name="bytes">How many are to come; a reserve for everything else is added.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <exception cref="StorageFullException">They would not fit.</exception>
    Task EnsureSpaceAsync(long bytes, CancellationToken cancellationToken);
}

/// <summary>A storage on another machine failed, refused or did not answer.</summary>
/// <param name="message">What it said.</param>
/// <param name="inner">How it was told.</param>
public sealed class StorageFailedException(string message, Exception inner) : IOException(message, inner);

/// <summary>The storage has no room. Its HResult is that of a full disk (ENOSPC), which becomes the answer 507.</summary>
public sealed class StorageFullException : IOException
{
    private const int NoSpaceLeft = 28;

    /// <param name="message">What is full.</param>
    /// <param name="inner">How it was told.</param>
    public StorageFullException(string message, Exception? inner = null) : base(message, inner) => HResult = NoSpaceLeft;
}

/// <summary>A blob being written. Disposed without a commit, it leaves nothing behind.</summary>
public interface IBlobWriter : IAsyncDisposable
{
    /// <summary>Takes the blob's bytes.</summary>
    Stream Stream { get; }

    /// <summary>Makes the blob durable and visible under its key.</summary>
    Task CommitAsync(CancellationToken cancellationToken);
}

/// <summary>What a listing tells of a blob.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="WrittenAt">When it was written.</param>
public sealed record BlobInfo(string Key, long Bytes, DateTimeOffset WrittenAt);

/// <summary>Whole blobs at once.</summary>
public static class BlobStoreExtensions
{
    /// <summary>Writes a whole blob; an existing one of the same key is replaced.</summary>
    public static async Task WriteAsync(this IBlobStore blobs, string key, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        await using var writer = blobs.Create(key);
        await writer.Stream.WriteAsync(bytes, cancellationToken);
        await writer.CommitAsync(cancellationToken);
    }

    /// <summary>Reads a whole blob, or returns null when there is none. Only for blobs whose size is known to be small.</summary>
    public static async Task<byte[]?> ReadAsync(this IBlobStore blobs, string key, CancellationToken cancellationToken)
    {
        await using var stream = await blobs.OpenReadAsync(key, 0, null, cancellationToken);
        if (stream is null)
            return null;
        using var bytes = new MemoryStream();
        await stream.CopyToAsync(bytes, cancellationToken);
        return bytes.ToArray();
    }
}

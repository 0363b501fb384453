namespace PhotoPlatform.Storage;

/// <summary>A blob being written. Disposed without a commit, it leaves nothing behind.</summary>
public sealed class BlobWriter : IAsyncDisposable
{
    private readonly string _temporary;
    private readonly string _target;
    private bool _committed;

    internal BlobWriter(string temporary, string target)
    {
        _temporary = temporary;
        _target = target;
        Stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.Asynchronous);
    }

    /// <summary>Takes the blob's bytes.</summary>
    public FileStream Stream { get; }

    /// <summary>Makes the blob durable and visible under its key.</summary>
    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        await Stream.FlushAsync(cancellationToken);
        Stream.Flush(flushToDisk: true);
        await Stream.DisposeAsync();

        var folder = Path.GetDirectoryName(_target)!;
        CreateFolder(folder);
        File.Move(_temporary, _target, overwrite: true);
        BlobStore.SyncFolder(folder);
        _committed = true;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Stream.DisposeAsync();
        if (!_committed)
            File.Delete(_temporary);
    }

    private static void CreateFolder(string folder)
    {
        if (Directory.Exists(folder))
            return;
        var parent = Path.GetDirectoryName(folder)!;
        CreateFolder(parent);
        Directory.CreateDirectory(folder);
        BlobStore.SyncFolder(parent);
    }
}

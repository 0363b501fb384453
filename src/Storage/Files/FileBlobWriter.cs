namespace PhotoPlatform.Storage;

internal sealed class FileBlobWriter : IBlobWriter
{
    private readonly string _temporary;
    private readonly string _target;
    private readonly FileStream _file;
    private bool _committed;

    internal FileBlobWriter(string temporary, string target)
    {
        _temporary = temporary;
        _target = target;
        _file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.Asynchronous);
    }

    public Stream Stream => _file;

    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        await _file.FlushAsync(cancellationToken);
        _file.Flush(flushToDisk: true);
        await _file.DisposeAsync();

        var folder = Path.GetDirectoryName(_target)!;
        for (var moved = false; !moved;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            moved = TryMove(folder);
        }
        _committed = true;
    }

    /// <summary>False when somebody deleted the folder before the blob was in it.</summary>
    private bool TryMove(string folder)
    {
        try
        {
            CreateFolder(folder);
            File.Move(_temporary, _target, overwrite: true);
        }
        catch (Exception exception) when (exception is DirectoryNotFoundException or FileNotFoundException && File.Exists(_temporary))
        {
            return false;
        }
        try
        {
            FileBlobStore.SyncFolder(folder);
        }
        catch (DirectoryNotFoundException)
        {
            // Deleted since, with the blob in it.
        }
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        await _file.DisposeAsync();
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
        FileBlobStore.SyncFolder(parent);
    }
}

using System.Runtime.InteropServices;

namespace PhotoPlatform.Storage;

/// <summary>
/// Blobs as files below one folder. A blob is visible whole or not at all: it is written to a temporary file, synced, renamed,
/// and its folder synced, before a write returns.
/// </summary>
internal sealed partial class FileBlobStore : IBlobStore
{
    private const string TemporaryFolder = ".incoming";
    private const int OpenReadOnlyDirectory = 0x10000;
    private readonly string _root;

    /// <param name="root">The folder; created when missing.</param>
    internal FileBlobStore(string root)
    {
        _root = Path.GetFullPath(root);
        Directory.CreateDirectory(Path.Combine(_root, TemporaryFolder));
    }

    public IBlobWriter Create(string key)
    {
        var target = PathOf(key);
        var temporary = Path.Combine(_root, TemporaryFolder, Guid.CreateVersion7().ToString("N"));
        return new FileBlobWriter(temporary, target);
    }

    public Task<Stream?> OpenReadAsync(string key, long offset, long? length, CancellationToken cancellationToken)
    {
        try
        {
            var file = new FileStream(PathOf(key), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0, FileOptions.Asynchronous | FileOptions.SequentialScan);
            file.Position = offset;
            return Task.FromResult<Stream?>(length is null ? file : new StreamSlice(file, length.Value));
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return Task.FromResult<Stream?>(null);
        }
    }

    public Task DeleteAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            File.Delete(PathOf(key));
        }
        catch (DirectoryNotFoundException)
        {
        }
        return Task.CompletedTask;
    }

    public Task DeleteFolderAsync(string folder, CancellationToken cancellationToken)
    {
        try
        {
            Directory.Delete(PathOf(folder), recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
        }
        return Task.CompletedTask;
    }

    public IAsyncEnumerable<BlobInfo> ListAsync(string folder, CancellationToken cancellationToken)
    {
        var path = PathOf(folder);
        var files = Directory.Exists(path) ? new DirectoryInfo(path).EnumerateFiles("*", SearchOption.AllDirectories) : [];
        return files.Select(file => new BlobInfo(Path.GetRelativePath(_root, file.FullName), file.Length, file.LastWriteTimeUtc)).ToAsyncEnumerable();
    }

    private string PathOf(string key)
    {
        foreach (var segment in key.Split('/'))
        {
            if (segment.Length is 0 or > 200 || segment[0] == '.' || !segment.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
                throw new ArgumentException($"'{key}' is not a blob key: letters, digits, '-', '_' and '.' in segments divided by '/'.", nameof(key));
        }
        return Path.Combine(_root, key);
    }

    /// <summary>Makes a rename survive a crash of the system: the folder itself has to be synced.</summary>
    internal static void SyncFolder(string folder)
    {
        var descriptor = Open(folder, OpenReadOnlyDirectory);
        if (descriptor < 0)
            throw new IOException($"'{folder}' could not be opened to sync it (errno {Marshal.GetLastPInvokeError()}).");
        try
        {
            if (Fsync(descriptor) != 0)
                throw new IOException($"'{folder}' could not be synced (errno {Marshal.GetLastPInvokeError()}).");
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}

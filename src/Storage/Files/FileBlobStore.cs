using System.Runtime.CompilerServices;
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
    private const int NoEntry = 2;
    private const int DirectoryNotEmpty = 39;
    private readonly string _root;
    private readonly long _reserve;

    /// <param name="root">The folder; created when missing.</param>
    /// <param name="reserve">Bytes of the disk that <see cref="EnsureSpaceAsync"/> keeps free.</param>
    internal FileBlobStore(string root, long reserve)
    {
        _root = Path.GetFullPath(root);
        _reserve = reserve;
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
        var path = PathOf(folder);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                Directory.Delete(path, recursive: true);
                return Task.CompletedTask;
            }
            catch (DirectoryNotFoundException)
            {
                return Task.CompletedTask;
            }
            catch (IOException exception) when (exception.HResult == DirectoryNotEmpty)
            {
                // Somebody wrote into it meanwhile: that goes too.
            }
        }
    }

    public async IAsyncEnumerable<BlobInfo> ListAsync(string folder, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var path = PathOf(folder);
        await Task.CompletedTask;
        if (!Directory.Exists(path))
            yield break;
        foreach (var file in new DirectoryInfo(path).EnumerateFiles("*", SearchOption.AllDirectories))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Describe(file) is { } blob)
                yield return blob;
        }
    }

    public Task EnsureSpaceAsync(long bytes, CancellationToken cancellationToken)
    {
        var free = new DriveInfo(_root).AvailableFreeSpace;
        return free - _reserve >= bytes
            ? Task.CompletedTask
            : throw new StorageFullException($"The disk of '{_root}' has {free} bytes left; {_reserve} are kept free, and {bytes} more are asked for.");
    }

    /// <summary>Removes what processes that died left unfinished. Other processes write here too, and theirs must stay: only age tells them apart.</summary>
    /// <param name="before">Last written earlier than this.</param>
    /// <returns>How many files were removed.</returns>
    internal int SweepTemporary(DateTimeOffset before)
    {
        var removed = 0;
        foreach (var file in new DirectoryInfo(Path.Combine(_root, TemporaryFolder)).EnumerateFiles())
        {
            if (file.LastWriteTimeUtc >= before)
                continue;
            file.Delete();
            removed++;
        }
        return removed;
    }

    /// <summary>Null when it was deleted while it was listed.</summary>
    private BlobInfo? Describe(FileInfo file)
    {
        try
        {
            return new BlobInfo(Path.GetRelativePath(_root, file.FullName), file.Length, file.LastWriteTimeUtc);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private string PathOf(string key) => Path.Combine(_root, BlobKey.Check(key));

    /// <summary>Makes a rename survive a crash of the system: the folder itself has to be synced.</summary>
    internal static void SyncFolder(string folder)
    {
        var descriptor = Open(folder, OpenReadOnlyDirectory);
        if (descriptor < 0 && Marshal.GetLastPInvokeError() == NoEntry)
            throw new DirectoryNotFoundException($"'{folder}' is gone.");
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

using System.Runtime.InteropServices;

namespace PhotoPlatform.Storage;

/// <summary>
/// Blobs as files below one folder. A blob is visible whole or not at all: it is written to a temporary file, synced, renamed,
/// and its folder synced, before a write returns.
/// </summary>
public sealed partial class BlobStore
{
    private const string TemporaryFolder = ".incoming";
    private const int OpenReadOnlyDirectory = 0x10000;
    private readonly string _root;

    /// <param name="root">The folder; created when missing.</param>
    public BlobStore(string root)
    {
        _root = Path.GetFullPath(root);
        Directory.CreateDirectory(Path.Combine(_root, TemporaryFolder));
    }

    /// <summary>Starts a blob. Nothing is visible under the key before <see cref="BlobWriter.CommitAsync"/>.</summary>
    /// <exception cref="ArgumentException">The key is not made of plain segments.</exception>
    public BlobWriter Create(string key)
    {
        var target = PathOf(key);
        var temporary = Path.Combine(_root, TemporaryFolder, Guid.CreateVersion7().ToString("N"));
        return new BlobWriter(temporary, target);
    }

    /// <summary>Writes a whole blob; an existing one of the same key is replaced.</summary>
    public async Task WriteAsync(string key, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        await using var writer = Create(key);
        await writer.Stream.WriteAsync(bytes, cancellationToken);
        await writer.CommitAsync(cancellationToken);
    }

    /// <summary>Opens a blob for reading, or returns null when there is none. The caller disposes the stream.</summary>
    public FileStream? OpenRead(string key)
    {
        try
        {
            return new FileStream(PathOf(key), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0, FileOptions.Asynchronous | FileOptions.SequentialScan);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Reads a whole blob, or returns null when there is none.</summary>
    public async Task<byte[]?> ReadAsync(string key, CancellationToken cancellationToken)
    {
        await using var stream = OpenRead(key);
        if (stream is null)
            return null;
        var bytes = new byte[stream.Length];
        await stream.ReadExactlyAsync(bytes, cancellationToken);
        return bytes;
    }

    /// <summary>Deletes one blob; a missing one is no error.</summary>
    public void Delete(string key)
    {
        try
        {
            File.Delete(PathOf(key));
        }
        catch (DirectoryNotFoundException)
        {
        }
    }

    /// <summary>Deletes every blob whose key starts with the folder's segments; a missing folder is no error.</summary>
    public void DeleteFolder(string folder)
    {
        try
        {
            Directory.Delete(PathOf(folder), recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
        }
    }

    /// <summary>Keys below a folder, in no order. Meant for tools and tests.</summary>
    public IEnumerable<string> Keys(string folder) => Directory.Exists(PathOf(folder))
        ? Directory.EnumerateFiles(PathOf(folder), "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(_root, path))
        : [];

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

using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Aspire.Hosting;

namespace LocalHosting.Running;

/// <summary>Where everything lives that outlasts a run: server data, secrets, ports, logs. One AppHost at a time.</summary>
internal sealed class DataDirectory(string path) : IDisposable
{
    /// <summary>A database cluster and a broker's files need about this much to begin with; with less they fail in the middle, in words of their own.</summary>
    private const long LeastFreeBytes = 100 * 1024 * 1024;

    private FileStream? _lock;

    public string Path => path;

    public string RunId { get; } = RandomNumberGenerator.GetHexString(8, lowercase: true);

    /// <summary>Eight hexadecimal digits that tell this directory from others on the machine.</summary>
    public string Key { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(path)))[..8];

    /// <summary>The directory given, else <c>.data</c> in the nearest directory above the AppHost that holds a repository or a solution.</summary>
    public static string Resolve(string? given, string appHostDirectory)
    {
        if (!string.IsNullOrWhiteSpace(given))
            return System.IO.Path.GetFullPath(given);
        for (var directory = new DirectoryInfo(appHostDirectory); directory is not null; directory = directory.Parent)
        {
            if (directory.Exists && (System.IO.Path.Exists(System.IO.Path.Combine(directory.FullName, ".git")) || directory.EnumerateFiles("*.sln*").Any()))
                return System.IO.Path.Combine(directory.FullName, ".data");
        }
        return System.IO.Path.Combine(appHostDirectory, ".data");
    }

    public string File(string name) => System.IO.Path.Combine(path, name);

    /// <summary>Creates the directory and takes its lock.</summary>
    /// <exception cref="DistributedApplicationException">It cannot be written, its disk is full, or another AppHost has it.</exception>
    public void Open()
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DistributedApplicationException($"The data directory {path} cannot be created ({exception.Message}); choose another one with --data DIR.", exception);
        }
        if (new DriveInfo(path).AvailableFreeSpace is var free and < LeastFreeBytes)
        {
            throw new DistributedApplicationException(string.Create(CultureInfo.InvariantCulture,
                $"The disk of the data directory {path} is full ({free >> 20} MB of at least {LeastFreeBytes >> 20} MB are free); make room, or choose another directory with --data DIR."));
        }
        try
        {
            _lock = new FileStream(File("lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception)
        {
            throw new DistributedApplicationException(
                $"Another AppHost {Owner()}uses the data directory {path}; stop it, or choose another directory with --data DIR.", exception);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new DistributedApplicationException($"The data directory {path} belongs to another user; choose another one with --data DIR.", exception);
        }
    }

    public void Dispose() => _lock?.Dispose();

    private string Owner() => RunFile.Read(this) is { } run ? string.Create(CultureInfo.InvariantCulture, $"(process {run.Pid}) ") : "";
}

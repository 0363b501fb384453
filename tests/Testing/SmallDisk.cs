using System.Diagnostics;

namespace PhotoPlatform.Testing;

/// <summary>A disk of a few megabytes.</summary>
public sealed class SmallDisk : IAsyncDisposable
{
    private SmallDisk(string folder) => Folder = folder;

    /// <summary>Where it is mounted.</summary>
    public string Folder { get; }

    /// <summary>Mounts one on a folder, which is created. Null where that is not allowed.</summary>
    public static async Task<SmallDisk?> TryMountAsync(string folder, int megabytes)
    {
        Directory.CreateDirectory(folder);
        return Environment.IsPrivilegedProcess && await RunAsync("mount", "-t", "tmpfs", "-o", $"size={megabytes}m,mode=755", "tmpfs", folder) ? new SmallDisk(folder) : null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!await RunAsync("umount", Folder))
            await RunAsync("umount", "--lazy", Folder);
    }

    private static async Task<bool> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0;
    }
}

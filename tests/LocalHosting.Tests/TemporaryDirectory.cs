[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]

namespace PhotoPlatform.LocalHosting.Tests;

/// <summary>A directory of one test's own.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("localhosting-").FullName;

    // A server's user must be able to pass through.
    public TemporaryDirectory() => File.SetUnixFileMode(Path, (UnixFileMode)0b111_101_101);

    public string Combine(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

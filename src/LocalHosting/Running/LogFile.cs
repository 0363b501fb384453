using System.Globalization;
using System.Text;

namespace LocalHosting.Running;

/// <summary>A log on disk: begun anew by each AppHost, moved aside once when it reaches its limit. Losing a log line is no reason to stop, so a full disk only ends the file.</summary>
internal sealed class LogFile(string path, long limit = 50L * 1024 * 1024)
{
    private StreamWriter? _writer = Open(path);
    private long _written;

    public void Write(LogEntry entry)
    {
        if (_writer is null)
            return;
        try
        {
            var line = string.Create(CultureInfo.InvariantCulture, $"{entry.At:yyyy-MM-ddTHH:mm:ss.fffZ} {(entry.IsError ? "! " : "")}{entry.Text}");
            _writer.WriteLine(line);
            _written += Encoding.UTF8.GetByteCount(line) + 1;
            if (_written > limit)
                Rotate();
        }
        catch (IOException)
        {
            _writer = null;
        }
    }

    private void Rotate()
    {
        _writer!.Dispose();
        File.Move(path, path + ".1", overwrite: true);
        _writer = Open(path);
        _written = 0;
    }

    private static StreamWriter? Open(string path)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            return new StreamWriter(stream) { AutoFlush = true };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

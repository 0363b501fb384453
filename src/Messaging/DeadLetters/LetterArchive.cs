namespace PhotoPlatform.Messaging.DeadLetters;

/// <summary>A file of dead letters, one line of JSON each, that only its owner can read. What was appended is on the disk when the call returns.</summary>
internal sealed class LetterArchive : IDisposable
{
    private readonly FileStream _file;

    private LetterArchive(FileStream file) => _file = file;

    /// <summary>Opens the file, or makes it; one process at a time. Half a line, left by one that was killed, is ended: its letter is still in its queue.</summary>
    /// <exception cref="DeskException">The file cannot be written.</exception>
    internal static LetterArchive Append(string path)
    {
        // Without a buffer, what a full disk refused is not tried again when the file is closed.
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            var file = new FileStream(path, options);
            // Also one that was there before with another mode.
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(file.SafeFileHandle, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            if (file.Length > 0)
            {
                file.Seek(-1, SeekOrigin.End);
                if (file.ReadByte() != '\n')
                    file.WriteByte((byte)'\n');
            }
            return new LetterArchive(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DeskException($"The archive '{path}' cannot be written: {exception.Message}", exception);
        }
    }

    /// <summary>Adds letters; when it returns they are on the disk.</summary>
    /// <exception cref="DeskException">The disk does not take them; none of them may be discarded.</exception>
    internal void Write(IEnumerable<DeadLetter> letters, DateTimeOffset now)
    {
        using var lines = new MemoryStream();
        foreach (var letter in letters)
        {
            lines.Write(ArchivedLetter.Of(letter, now).ToLine());
            lines.WriteByte((byte)'\n');
        }
        try
        {
            _file.Write(lines.GetBuffer().AsSpan(0, (int)lines.Length));
            _file.Flush(flushToDisk: true);
        }
        catch (IOException exception)
        {
            throw new DeskException($"The archive '{_file.Name}' cannot be written: {exception.Message}", exception);
        }
    }

    /// <summary>The letters of a file, the oldest line first.</summary>
    /// <param name="path">The file.</param>
    /// <param name="unreadable">Told the number of each line that is no letter.</param>
    /// <exception cref="DeskException">The file cannot be read.</exception>
    internal static IEnumerable<DeadLetter> Read(string path, Action<int> unreadable)
    {
        using var reader = OpenText(path);
        for (var number = 1; reader.ReadLine() is { } line; number++)
        {
            if (ArchivedLetter.Parse(line) is { } letter)
                yield return letter;
            else
                unreadable(number);
        }
    }

    public void Dispose() => _file.Dispose();

    private static StreamReader OpenText(string path)
    {
        try
        {
            return File.OpenText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DeskException($"The archive '{path}' cannot be read: {exception.Message}", exception);
        }
    }
}

using Aspire.Hosting;

namespace LocalHosting.Processes;

/// <summary>Finds programs on PATH and in the directories where distributions hide servers.</summary>
internal static class ProgramFinder
{
    /// <returns>The absolute path, or null.</returns>
    public static string? Find(string program, params IEnumerable<string> firstDirectories)
    {
        if (program.Contains('/', StringComparison.Ordinal))
            return IsExecutable(program) ? Path.GetFullPath(program) : null;
        var path = Environment.GetEnvironmentVariable("PATH") ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        return firstDirectories.Concat(path.Split(':', StringSplitOptions.RemoveEmptyEntries))
            .Select(directory => Path.Combine(directory, program))
            .FirstOrDefault(IsExecutable);
    }

    /// <exception cref="DistributedApplicationException">The program is missing; the message says how to get it.</exception>
    public static string Require(string program, string package, params IEnumerable<string> firstDirectories) =>
        Find(program, firstDirectories)
        ?? throw new DistributedApplicationException($"{program} was not found; install it, on Debian with \"apt-get install {package}\".");

    private static bool IsExecutable(string path)
    {
        const UnixFileMode Execute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        return File.Exists(path) && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & Execute) != 0);
    }
}

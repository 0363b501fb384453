using System.Globalization;
using LocalHosting.Processes;

namespace LocalHosting.Infrastructure;

/// <summary>Finds PostgreSQL's programs. Debian keeps each major version in a directory of its own; the newest one is taken.</summary>
internal static class PostgresPrograms
{
    private const string Versions = "/usr/lib/postgresql";

    /// <summary>The directory of the server's programs.</summary>
    /// <exception cref="Aspire.Hosting.DistributedApplicationException">They are not installed.</exception>
    public static string RequireDirectory() => Path.GetDirectoryName(ProgramFinder.Require("initdb", "postgresql", Directories()))!;

    /// <summary>Null if it is not installed.</summary>
    public static string? Find(string program) => ProgramFinder.Find(program, Directories());

    /// <summary>The major version of the programs in a directory; null if its path does not tell.</summary>
    public static string? Version(string directory) => directory.StartsWith(Versions + "/", StringComparison.Ordinal) ? directory.Split('/')[4] : null;

    private static IEnumerable<string> Directories() => Directory.Exists(Versions)
        ? Directory.GetDirectories(Versions).OrderByDescending(directory => double.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out var version) ? version : 0)
            .Select(directory => Path.Combine(directory, "bin"))
        : [];
}

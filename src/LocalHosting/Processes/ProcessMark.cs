using LocalHosting.Running;

namespace LocalHosting.Processes;

/// <summary>
/// A variable in the environment of everything that is started for a data directory. It finds daemons that left their session,
/// and leftovers of an AppHost that was killed. The delimiters keep one directory from being a prefix of another.
/// </summary>
internal static class ProcessMark
{
    public const string Variable = "LOCALHOSTING_OWNER";

    /// <summary>Of every run on the directory.</summary>
    public static string OfDirectory(DataDirectory data) => $"{Variable}=[{data.Path}]";

    /// <summary>Of this run: the watchdog of an earlier one must not touch it.</summary>
    public static string OfRun(DataDirectory data) => $"{OfDirectory(data)}{data.RunId}:";

    public static string Of(DataDirectory data, string resource) => $"{OfRun(data)}{resource};";
}

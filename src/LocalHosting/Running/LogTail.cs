namespace LocalHosting.Running;

/// <summary>Finds the line of a log that says why a program ended.</summary>
internal static class LogTail
{
    private static readonly string[] Certain = ["No space left on device", "enospc", "Disk quota exceeded", "Address already in use", "eaddrinuse"];
    private static readonly string[] Likely = ["FATAL", "PANIC", "Unhandled exception", "error", "Error", "failed"];

    public static string MostTelling(IReadOnlyList<string> lines) =>
        (Last(lines, Certain) ?? Last(lines, Likely) ?? lines.LastOrDefault(line => !string.IsNullOrWhiteSpace(line)) ?? "it wrote nothing").Trim();

    private static string? Last(IReadOnlyList<string> lines, string[] words) =>
        lines.LastOrDefault(line => words.Any(word => line.Contains(word, StringComparison.Ordinal)));
}

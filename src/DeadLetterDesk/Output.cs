using System.Text.Encodings.Web;
using System.Text.Json;

namespace PhotoPlatform.DeadLetterDesk;

/// <summary>What goes to standard output: the answer. Progress, questions and complaints go to standard error.</summary>
internal static class Output
{
    // Read by people in a terminal, never by a browser.
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static void Json(object value) => Console.Out.WriteLine(JsonSerializer.Serialize(value, Format));

    internal static string Indented(JsonElement json) => JsonSerializer.Serialize(json, Format);

    /// <summary>Columns of equal width; numbers are given right-aligned.</summary>
    internal static void Table(string[] titles, IEnumerable<string[]> rows)
    {
        string[][] lines = [titles, .. rows];
        var widths = titles.Select((_, column) => lines.Max(line => line[column].Length)).ToArray();
        foreach (var line in lines)
            Console.Out.WriteLine(string.Join("  ", line.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
    }

    /// <summary>The first line of an exception, cut to what fits beside the rest.</summary>
    internal static string Brief(string? exception)
    {
        const int width = 90;
        var line = exception?.Split('\n')[0].Trim() ?? "-";
        return line.Length <= width ? line : line[..(width - 3)] + "...";
    }
}

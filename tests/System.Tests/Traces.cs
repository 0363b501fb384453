using System.Text.Json;

namespace PhotoPlatform.SystemTests;

/// <summary>Traces as they stand in the JSON logs.</summary>
internal static class Traces
{
    /// <summary>The ids of the traces in which this resource logged this text.</summary>
    internal static List<string> That(Platform platform, string resource, string text) =>
        [.. platform.LogLines().Where(entry => entry.Resource == resource && Text(entry.Line, "message").Contains(text, StringComparison.Ordinal))
            .Select(entry => Text(entry.Line, "trace_id")).Where(id => id.Length > 0)];

    /// <summary>The resources that logged something in a trace.</summary>
    internal static HashSet<string> ResourcesOf(Platform platform, string traceId) =>
        [.. platform.LogLines().Where(entry => Text(entry.Line, "trace_id") == traceId).Select(entry => entry.Resource)];

    private static string Text(JsonElement line, string name) => line.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";
}

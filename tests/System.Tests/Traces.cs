using System.Text.Json;

namespace PhotoPlatform.SystemTests;

/// <summary>Traces as they stand in the JSON logs.</summary>
internal static class Traces
{
    /// <summary>The ids of the traces in which this service logged this text.</summary>
    internal static List<string> That(Platform platform, string service, string text) =>
        [.. Lines(platform, service, text).Select(entry => Text(entry.Line, "trace_id")).Where(id => id.Length > 0)];

    /// <summary>The process of the service that was the last to log this text.</summary>
    internal static string InstanceThat(Platform platform, string service, string text) => Lines(platform, service, text).MaxBy(entry => Text(entry.Line, "timestamp")).Resource;

    /// <summary>The services that logged something in a trace.</summary>
    internal static HashSet<string> ServicesOf(Platform platform, string traceId) =>
        [.. platform.LogLines().Where(entry => Text(entry.Line, "trace_id") == traceId).Select(entry => Text(entry.Line, "service_name"))];

    private static IEnumerable<(string Resource, JsonElement Line)> Lines(Platform platform, string service, string text) =>
        platform.LogLines().Where(entry => Text(entry.Line, "service_name") == service && Text(entry.Line, "message").Contains(text, StringComparison.Ordinal));

    private static string Text(JsonElement line, string name) => line.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";
}

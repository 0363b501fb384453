using System.Buffers;
using System.Diagnostics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace PhotoPlatform.ServiceDefaults.Telemetry;

/// <summary>One JSON object a line: timestamp, service_name, instance_id, severity, message, trace_id, span_id, request_id, user_id, exception.</summary>
internal sealed class JsonLineFormatter(ServiceInstance instance, TimeProvider time) : ConsoleFormatter(FormatterName)
{
    internal const string FormatterName = "json-lines";
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            json.WriteString("timestamp", time.GetUtcNow());
            json.WriteString("service_name", instance.Name);
            json.WriteString("instance_id", instance.Id);
            json.WriteString("severity", Severity(logEntry.LogLevel));
            json.WriteString("category", logEntry.Category);
            json.WriteString("message", logEntry.Formatter(logEntry.State, logEntry.Exception));
            if (Activity.Current is { } activity)
            {
                json.WriteString("trace_id", activity.TraceId.ToHexString());
                json.WriteString("span_id", activity.SpanId.ToHexString());
            }
            scopeProvider?.ForEachScope(WriteScope, json);
            if (logEntry.Exception is { } exception)
                json.WriteString("exception", exception.ToString());
            json.WriteEndObject();
        }
        textWriter.WriteLine(Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    private static void WriteScope(object? scope, Utf8JsonWriter json)
    {
        if (scope is not IEnumerable<KeyValuePair<string, object?>> values)
            return;
        foreach (var (key, value) in values)
        {
            var name = key switch { "RequestId" => "request_id", "user_id" => "user_id", _ => null };
            if (name is not null && value is not null)
                json.WriteString(name, value.ToString());
        }
    }

    private static string Severity(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "error",
        _ => "fatal",
    };
}

using System.Security.Cryptography;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace LocalHosting.Building;

/// <summary>The OTEL_* variables: where a process sends its telemetry, and under which name.</summary>
internal static class Telemetry
{
    public static IResourceBuilder<T> WithTelemetry<T>(this IResourceBuilder<T> builder) where T : IResourceWithEnvironment
    {
        var configuration = builder.ApplicationBuilder.Configuration;
        var isDevelopment = builder.ApplicationBuilder.Environment.IsDevelopment();
        return builder.WithEnvironment(context =>
        {
            if (context.ExecutionContext.IsPublishMode)
                return;
            var environment = context.EnvironmentVariables;
            if (Receiver(configuration) is var (url, protocol))
            {
                environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = url;
                environment["OTEL_EXPORTER_OTLP_PROTOCOL"] = protocol;
            }
            if (configuration["AppHost:OtlpApiKey"] is { Length: > 0 } key)
                environment["OTEL_EXPORTER_OTLP_HEADERS"] = $"x-otlp-api-key={key}";
            environment["OTEL_SERVICE_NAME"] = context.Resource.InModel().Name;
            environment["OTEL_RESOURCE_ATTRIBUTES"] = $"service.instance.id={RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz", 8)}";
            if (isDevelopment)
                AddDevelopment(environment);
        });
    }

    // Nothing here receives telemetry, so without a setting there is no address to hand on; one in the AppHost's own environment is inherited.
    private static (string Url, string Protocol)? Receiver(IConfiguration configuration)
    {
        if (Setting(configuration, "OTLP_ENDPOINT_URL") is { } grpc)
            return (grpc, "grpc");
        return Setting(configuration, "OTLP_HTTP_ENDPOINT_URL") is { } http ? (http, "http/protobuf") : null;
    }

    // The second name is that of older releases.
    private static string? Setting(IConfiguration configuration, string name) =>
        new[] { configuration[$"ASPIRE_DASHBOARD_{name}"], configuration[$"DOTNET_DASHBOARD_{name}"] }.FirstOrDefault(value => !string.IsNullOrEmpty(value));

    // Everything, and within a second: somebody is watching.
    private static void AddDevelopment(Dictionary<string, object> environment)
    {
        foreach (var interval in new[] { "OTEL_BSP_SCHEDULE_DELAY", "OTEL_BLRP_SCHEDULE_DELAY", "OTEL_METRIC_EXPORT_INTERVAL" })
            environment[interval] = "1000";
        environment["OTEL_TRACES_SAMPLER"] = "always_on";
        environment["OTEL_METRICS_EXEMPLAR_FILTER"] = "trace_based";
        environment["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "true";
    }
}

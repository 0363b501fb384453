using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace PhotoPlatform.ServiceDefaults.Telemetry;

/// <summary>The names that this process has in logs and traces.</summary>
public sealed record ServiceInstance(string Name, string Id);

internal static class TelemetryExtensions
{
    // Those that carry a trace from process to process; the rest only cost something when somebody looks.
    private static readonly string[] CarryingSources = ["Microsoft.AspNetCore", "System.Net.Http", "MassTransit", "PhotoPlatform.*"];
    private static readonly string[] DetailSources = ["Npgsql", "Yarp.ReverseProxy"];
    private static readonly string[] Meters = ["Microsoft.AspNetCore.*", "System.Net.Http", "System.Runtime", "Npgsql", "MassTransit", "PhotoPlatform.*"];

    internal static void AddTelemetry(this WebApplicationBuilder builder, string serviceName)
    {
        var instance = new ServiceInstance(
            builder.Configuration["OTEL_SERVICE_NAME"] ?? serviceName,
            InstanceId(builder.Configuration["OTEL_RESOURCE_ATTRIBUTES"]) ?? Guid.CreateVersion7().ToString("N")[^8..]);
        builder.Services.AddSingleton(instance);

        builder.Logging.ClearProviders();
        builder.Logging.AddConsole(options => options.FormatterName = JsonLineFormatter.FormatterName);
        builder.Logging.AddConsoleFormatter<JsonLineFormatter, Microsoft.Extensions.Logging.Console.ConsoleFormatterOptions>();
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(options => options.FormatterName = JsonLineFormatter.FormatterName);
        builder.Logging.Configure(options => options.ActivityTrackingOptions = ActivityTrackingOptions.None);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information)
            // A failed command throws too, and EF probes for its history table by failing.
            .AddFilter("Microsoft.EntityFrameworkCore.Database.Command", LogLevel.None).AddFilter("Microsoft.EntityFrameworkCore.Update", LogLevel.None)
            .AddFilter("System.Net.Http.HttpClient", LogLevel.Warning).AddFilter("Yarp", LogLevel.Warning).AddFilter("MassTransit", LogLevel.Warning);

        var export = !string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]);
        var resource = ResourceBuilder.CreateDefault().AddService(instance.Name, serviceInstanceId: instance.Id);
        var traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).AddSource(CarryingSources).AddProcessor<HealthProbeFilter>();
        MeterProviderBuilder? metrics = null;
        if (export)
        {
            traces.AddSource(DetailSources).AddOtlpExporter();
            metrics = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter(Meters).AddOtlpExporter();
            builder.Logging.AddOpenTelemetry(options => options.SetResourceBuilder(resource).AddOtlpExporter());
        }
        builder.Services.AddHostedService(_ => new Providers(traces.Build(), metrics?.Build()));
    }

    private static string? InstanceId(string? attributes) => attributes?.Split(',').Select(pair => pair.Split('=', 2))
        .FirstOrDefault(pair => pair is ["service.instance.id", _])?[1];

    /// <summary>The providers are built when the host starts, and flushed when it has stopped.</summary>
    private sealed class Providers(TracerProvider traces, MeterProvider? metrics) : IHostedService, IDisposable
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public void Dispose()
        {
            traces.Dispose();
            metrics?.Dispose();
        }
    }

    /// <summary>Health probes, those of the AppHost and those of the gateway, are no use in a trace list.</summary>
    private sealed class HealthProbeFilter : BaseProcessor<Activity>
    {
        public override void OnEnd(Activity activity)
        {
            var isProbe = activity.Kind switch
            {
                ActivityKind.Server => activity.GetTagItem("url.path") is "/health" or "/alive",
                ActivityKind.Client => activity.GetTagItem("url.full") is string url && url.EndsWith("/health", StringComparison.Ordinal),
                _ => activity.OperationName is "proxy.cluster_health_checks" or "proxy.destination_health_check",
            };
            if (isProbe)
                activity.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        }
    }
}

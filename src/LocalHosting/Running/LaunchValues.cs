using System.Collections;
using System.Globalization;
using System.Security.Cryptography;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace LocalHosting.Running;

/// <summary>Computes the environment and the arguments of a process, anew at every start.</summary>
internal sealed class LaunchValues(DistributedApplicationExecutionContext execution, ResourceLoggerService loggers)
{
    // Settings of the AppHost itself, which must not leak into its children.
    private static readonly HashSet<string> OwnSettings =
        ["ASPNETCORE_URLS", "DOTNET_LAUNCH_PROFILE", "ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT"];

    private static readonly string[] TelemetryTargets = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_HEADERS"];

    public async Task<Dictionary<string, string>> EnvironmentAsync(IResource resource, CancellationToken cancellationToken)
    {
        var environment = Inherited();
        var isProject = resource is ProjectResource;
        if (isProject || resource.Annotations.OfType<OtlpExporterAnnotation>().Any())
            AddTelemetry(environment, resource);
        if (isProject)
            environment["DOTNET_SYSTEM_CONSOLE_ALLOW_ANSI_COLOR_REDIRECTION"] = "true";

        var context = new EnvironmentCallbackContext(execution, resource, null, cancellationToken) { Logger = loggers.GetLogger(resource) };
        foreach (var callback in resource.Annotations.OfType<EnvironmentCallbackAnnotation>().ToArray())
            await callback.Callback(context);
        foreach (var (name, value) in context.EnvironmentVariables)
            environment[name] = await TextAsync(value, execution, resource, cancellationToken) ?? "";

        if (isProject)
            AddListenAddresses(environment, (ProjectResource)resource, context.EnvironmentVariables);
        return environment;
    }

    public async Task<IReadOnlyList<string>> ArgumentsAsync(IResource resource, CancellationToken cancellationToken)
    {
        var context = new CommandLineArgsCallbackContext([], resource, cancellationToken) { ExecutionContext = execution, Logger = loggers.GetLogger(resource) };
        foreach (var callback in resource.Annotations.OfType<CommandLineArgsCallbackAnnotation>().ToArray())
            await callback.Callback(context);
        var arguments = new List<string>();
        foreach (var value in context.Args)
        {
            if (await TextAsync(value, execution, resource, cancellationToken) is { } argument)
                arguments.Add(argument);
        }
        return arguments;
    }

    private static Dictionary<string, string> Inherited()
    {
        var environment = new Dictionary<string, string>();
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            var name = (string)entry.Key;
            var isOwn = OwnSettings.Contains(name) || name.StartsWith("DCP_", StringComparison.Ordinal) || name.StartsWith("DEBUG_SESSION", StringComparison.Ordinal)
                || name.StartsWith("OTEL_", StringComparison.Ordinal);
            if (!isOwn)
                environment[name] = (string?)entry.Value ?? "";
        }
        return environment;
    }

    private static void AddTelemetry(Dictionary<string, string> environment, IResource resource)
    {
        environment["OTEL_SERVICE_NAME"] = resource.InModel().Name;
        environment["OTEL_RESOURCE_ATTRIBUTES"] = $"service.instance.id={RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz", 8)}";
        foreach (var name in TelemetryTargets)
        {
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value)
                environment[name] = value;
        }
    }

    private static void AddListenAddresses(Dictionary<string, string> environment, ProjectResource project, Dictionary<string, object> set)
    {
        var endpoints = project.GetEndpoints().Where(endpoint => endpoint.IsHttp || endpoint.IsHttps).ToArray();
        if (endpoints.Length == 0)
            return;
        if (!set.ContainsKey("ASPNETCORE_URLS"))
            environment["ASPNETCORE_URLS"] = string.Join(';', endpoints.Select(endpoint => $"{endpoint.Scheme}://{endpoint.EndpointAnnotation.TargetHost}:{endpoint.Port}"));
        if (endpoints.FirstOrDefault(endpoint => endpoint.IsHttps) is { } https && !set.ContainsKey("ASPNETCORE_HTTPS_PORT"))
            environment["ASPNETCORE_HTTPS_PORT"] = https.Port.ToString(CultureInfo.InvariantCulture);
    }

    private static async ValueTask<string?> TextAsync(object value, DistributedApplicationExecutionContext execution, IResource caller, CancellationToken cancellationToken) =>
        value switch
        {
            string text => text,
            IValueProvider provider => await provider.GetValueAsync(new ValueProviderContext { ExecutionContext = execution, Caller = caller }, cancellationToken),
            IResourceBuilder<IResource> { Resource: IValueProvider provider } =>
                await provider.GetValueAsync(new ValueProviderContext { ExecutionContext = execution, Caller = caller }, cancellationToken),
            _ => Convert.ToString(value, CultureInfo.InvariantCulture),
        };
}

using System.Reflection;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using LocalHosting.Building;
using LocalHosting.Running;
using LocalHosting.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting;

internal sealed class DistributedApplicationBuilder : IDistributedApplicationBuilder
{
    private const string DefaultDashboardPort = "18888";

    private readonly HostApplicationBuilder _host;
    private readonly ResourceCollection _resources = new();
    private readonly TestRun? _test;

    /// <param name="options">As Program.cs gave them.</param>
    /// <param name="test">The test in whose process the application runs; null: the process is the AppHost's own.</param>
    public DistributedApplicationBuilder(DistributedApplicationOptions options, TestRun? test)
    {
        _test = test;
        var host = new HostApplicationBuilderSettings();
        if (test is null)
            BuildFailures.TellInASentence();
        else
            test.Configure(options, host);
        AppHostAssembly = options.AssemblyName is { } name ? Assembly.Load(name) : Assembly.GetEntryAssembly();
        AppHostDirectory = Path.GetFullPath(options.ProjectDirectory ?? AppHostProject.DirectoryOf(AppHostAssembly) ?? Directory.GetCurrentDirectory());
        var assemblyName = AppHostAssembly?.GetName().Name ?? "AppHost";
        host.Args = CommandLine.Normalize(options.Args ?? []);
        host.ApplicationName ??= assemblyName;
        host.ContentRootPath ??= AppHostDirectory;
        _host = Host.CreateApplicationBuilder(host);

        var settings = new RunSettings(
            options.DashboardApplicationName ?? (assemblyName.EndsWith(".AppHost", StringComparison.Ordinal) ? assemblyName[..^".AppHost".Length] : assemblyName),
            DataDirectory.Resolve(Given("data"), AppHostDirectory),
            options.DisableDashboard ? null : Port(Given("dashboard-port") ?? DefaultDashboardPort),
            options.EnableResourceLogging || Given("verbose") is "true" or "1",
            Given("restart") switch
            {
                null or "on-failure" => true,
                "never" => false,
                var other => throw new DistributedApplicationException($"restart is '{other}'; there are on-failure and never."),
            });
        Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["data"] = settings.DataPath });

        var publisher = Given("publisher") ?? Given("Publishing:Publisher");
        var isPublish = publisher is not null || string.Equals(Given("operation"), "publish", StringComparison.OrdinalIgnoreCase);
        ExecutionContext = new DistributedApplicationExecutionContext(isPublish ? DistributedApplicationOperation.Publish : DistributedApplicationOperation.Run)
        {
            PublisherName = publisher ?? "",
        };
        _host.Logging.ClearProviders();
        _host.Logging.AddSimpleConsole(console => console.SingleLine = true);
        _host.Logging.SetMinimumLevel(LogLevel.Information);
        _host.Logging.AddFilter("Microsoft", LogLevel.Warning);
        // Probes fail all the time while servers start; their results are shown per resource.
        _host.Logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None);
        Services.AddRuntime(settings, options, this);
    }

    public ConfigurationManager Configuration => _host.Configuration;

    public string AppHostDirectory { get; }

    public Assembly? AppHostAssembly { get; }

    public IHostEnvironment Environment => _host.Environment;

    public IServiceCollection Services => _host.Services;

    public IDistributedApplicationEventing Eventing { get; } = new DistributedApplicationEventing();

    public DistributedApplicationExecutionContext ExecutionContext { get; }

    public IResourceCollection Resources => _resources;

    public IResourceBuilder<T> AddResource<T>(T resource) where T : IResource
    {
        if (_resources.Any(other => string.Equals(other.Name, resource.Name, StringComparison.OrdinalIgnoreCase)))
            throw new DistributedApplicationException($"There are two resources named '{resource.Name}'; names differ by more than case.");
        _resources.Add(resource);
        return CreateResourceBuilder(resource);
    }

    public IResourceBuilder<T> CreateResourceBuilder<T>(T resource) where T : IResource => new ResourceBuilder<T>(this, resource);

    public DistributedApplication Build()
    {
        _test?.Building(this);
        if (ExecutionContext.IsRunMode && Configuration.GetValue("DcpPublisher:RandomizePorts", defaultValue: false))
            Eventing.Subscribe<BeforeStartEvent>(ForgetFixedPorts);
        var host = _host.Build();
        ExecutionContext.ServiceProvider = host.Services;
        return new DistributedApplication(host) { Test = _test };
    }

    private static Task ForgetFixedPorts(BeforeStartEvent start, CancellationToken cancellationToken)
    {
        foreach (var endpoint in start.Model.Resources.SelectMany(resource => resource.Annotations.OfType<EndpointAnnotation>()).Where(endpoint => endpoint.IsProxied))
            endpoint.Port = null;
        return Task.CompletedTask;
    }

    // Environment variables are left out: DATA and VERBOSE are names that other programs use too.
    private string? Given(string key)
    {
        foreach (var provider in ((IConfigurationRoot)Configuration).Providers.Reverse())
        {
            if (provider is not EnvironmentVariablesConfigurationProvider && provider.TryGet(key, out var value))
                return value;
        }
        return null;
    }

    private static int Port(string text) => int.TryParse(text, out var port) && port is >= 0 and <= 65535
        ? port
        : throw new DistributedApplicationException($"dashboard-port is '{text}', which is not a port.");
}

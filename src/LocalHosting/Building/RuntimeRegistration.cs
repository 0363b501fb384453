using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using LocalHosting.Dashboard;
using LocalHosting.Health;
using LocalHosting.Network;
using LocalHosting.Running;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace LocalHosting.Building;

/// <summary>Puts the runtime's parts into the service collection.</summary>
internal static class RuntimeRegistration
{
    public static void AddRuntime(this IServiceCollection services, RunSettings settings, DistributedApplicationOptions options, IDistributedApplicationBuilder builder)
    {
        services.AddHealthChecks();
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMinutes(2));
        services.AddSingleton<IHostLifetime, NoSignals>();
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(settings);
        services.AddSingleton(options);
        services.AddSingleton(builder.ExecutionContext);
        services.AddSingleton(builder.Eventing);
        services.AddSingleton(_ => new DistributedApplicationModel(builder.Resources));
        services.AddSingleton(_ => new DataDirectory(settings.DataPath));
        services.AddSingleton(provider => new ConsoleReporter(Console.Out, settings.IsVerbose,
            provider.GetRequiredService<DistributedApplicationModel>().Resources.Where(resource => resource.Recipe() is { IsServer: true }).Select(resource => resource.Name).ToHashSet()));
        services.AddSingleton(provider => new ResourceNotificationService(provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new ResourceLoggerService(name => new ResourceLog(name,
            new LogFile(provider.GetRequiredService<DataDirectory>().File(Path.Combine("logs", name + ".log"))),
            provider.GetRequiredService<ConsoleReporter>(), provider.GetRequiredService<TimeProvider>())));
        services.AddSingleton(provider => new ResourceCommandService(provider.GetRequiredService<DistributedApplicationModel>(),
            provider.GetRequiredService<ResourceNotificationService>(), provider.GetRequiredService<ResourceLoggerService>(), provider));
        services.AddSingleton<PortRegistry>();
        services.AddSingleton<EndpointAllocator>();
        services.AddSingleton<ReplicaProxies>();
        services.AddSingleton<Replication>();
        services.AddSingleton<RunFile>();
        services.AddSingleton<StartupPhase>();
        services.AddSingleton<LaunchValues>();
        services.AddSingleton<DependencyWaits>();
        services.AddSingleton<HealthMonitor>();
        services.AddSingleton<RuntimeServices>();
        services.AddSingleton<PassiveResources>();
        services.AddSingleton<ResourceLinks>();
        services.AddSingleton<ProcessRoster>();
        services.AddSingleton<Scaling>();
        services.AddSingleton<Rebuilding>();
        services.AddSingleton<ProjectCommands>();
        services.AddSingleton<RunningAddresses>();
        services.AddSingleton<DashboardServer>();
        services.AddSingleton<Orchestrator>();
    }

    /// <summary>The application handles Ctrl+C itself, because a second one has a meaning too.</summary>
    private sealed class NoSignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

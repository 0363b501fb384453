using System.Security.Cryptography;
using System.Text;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Aspire.Hosting.Lifecycle;
using LocalHosting.Dashboard;
using LocalHosting.Health;
using LocalHosting.Network;
using LocalHosting.Processes;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace LocalHosting.Running;

/// <summary>Brings the whole model up and down.</summary>
internal sealed class Orchestrator(DistributedApplicationModel model, RuntimeServices runtime, RunSettings settings, Replication replication, EndpointAllocator endpoints, ResourceLinks links,
    ProcessRoster roster, ProjectCommands projectCommands, HealthMonitor health, PassiveResources passive, DashboardServer dashboard, ConsoleReporter console,
    IConfiguration configuration, DistributedApplicationExecutionContext execution) : IDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly List<Task> _followers = [];
    private readonly SemaphoreSlim _stopping = new(1, 1);
    private IReadOnlyList<ResourceController> _automatic = [];
    private bool _isOpen;

    /// <summary>Ends, and the ready line is written, when every resource that starts by itself is healthy or has completed.</summary>
    public Task Ready { get; private set; } = Task.CompletedTask;

    /// <summary>Returns when every resource that starts by itself has passed its waits and runs.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        runtime.Data.Open();
        _isOpen = true;
        if (await RunFile.ReapAsync(runtime.Data, cancellationToken) is var leftovers and > 0)
            console.Line($"Stopped {leftovers} processes that an earlier run had left behind.");
        foreach (var subscriber in runtime.Services.GetServices<IDistributedApplicationEventingSubscriber>())
            await subscriber.SubscribeAsync(runtime.Eventing, execution, cancellationToken);
        await runtime.Eventing.PublishAsync(new BeforeStartEvent(runtime.Services, model), cancellationToken);

        replication.Apply();
        var ports = endpoints.Allocate(model.Resources);
        var controlToken = RandomNumberGenerator.GetHexString(32, lowercase: true);
        await dashboard.StartAsync(controlToken);
        configuration["AppHost:ControlUrl"] = dashboard.ControlUrl;
        runtime.Proxies.Open();
        runtime.Watchdog = new Watchdog(runtime.Data);
        runtime.RunFile.Begin(dashboard.Url, dashboard.ControlUrl!, controlToken, ports);
        EnrolProcesses();
        await AnnounceAsync(cancellationToken);
        await Task.WhenAll(_automatic.Select(controller => controller.StartAsync()));
        await AllAsync(controller => controller.Created, cancellationToken);
        await runtime.Eventing.PublishAsync(new AfterResourcesCreatedEvent(runtime.Services, model), cancellationToken);
        Ready = AnnounceReadyAsync();
    }

    /// <summary>The sentence for a failed start, with the last lines of the log that tells more.</summary>
    public string Explain(DistributedApplicationException failure)
    {
        var text = new StringBuilder(failure.Message);
        if (failure is ResourceFailedException { Culprit: var culprit } && runtime.Loggers.Log(culprit.Name).Tail(10) is { Count: > 0 } lines)
        {
            text.AppendLine().Append($"The last lines of {culprit.Name}:");
            foreach (var line in lines.Where(line => line.Text != failure.Message))
                text.AppendLine().Append("    ").Append(line.Text);
        }
        return text.ToString();
    }

    /// <summary>Stops dependents before what they depend on, the rest in parallel. Safe to repeat.</summary>
    public async Task StopAsync()
    {
        await _stopping.WaitAsync();
        try
        {
            if (!_isOpen)
                return;
            roster.Close();
            var byResource = roster.All.ToDictionary(controller => controller.Resource);
            var order = StopOrder.DependentsFirst([.. byResource.Keys]);
            var stops = new Dictionary<IResource, Task>();
            await Task.WhenAll(byResource.Keys.Select(StopInOrder));
            await runtime.Proxies.DisposeAsync();
            await _end.CancelAsync();
            await Task.WhenAll(_followers);
            await roster.UnfollowAsync();
            await dashboard.StopAsync();
            runtime.Watchdog?.Dispose();
            runtime.RunFile.End();
            _isOpen = false;

            Task StopInOrder(IResource resource)
            {
                if (!stops.TryGetValue(resource, out var stop))
                    stops[resource] = stop = StopAfterAsync(Task.WhenAll(order[resource].Select(StopInOrder)), byResource[resource]);
                return stop;
            }
        }
        finally
        {
            _stopping.Release();
        }
    }

    /// <summary>Ends all patience.</summary>
    public void Kill()
    {
        foreach (var controller in roster.All)
            controller.Kill();
    }

    public void Dispose()
    {
        _end.Dispose();
        _stopping.Dispose();
    }

    private async Task AnnounceReadyAsync()
    {
        await AllAsync(controller => controller.Ready, _end.Token);
        // A process that is stopped waits for nothing any more, which is not being ready.
        if (roster.Closing.IsCancellationRequested)
            return;
        runtime.Startup.IsStarting = false;
        var door = model.Resources.SelectMany(resource => resource.Annotations.OfType<EndpointAnnotation>())
            .FirstOrDefault(endpoint => endpoint is { IsExternal: true, UriScheme: "http" or "https" });
        console.Line($"{settings.ApplicationName} is ready{(door is null ? "" : $": {door.AllocatedEndpoint!.UriString}")}{(dashboard.Url is { } url ? $" - dashboard {url}" : "")}");
    }

    private static async Task StopAfterAsync(Task dependents, ResourceController controller)
    {
        await dependents;
        await controller.RetireAsync();
    }

    private void EnrolProcesses()
    {
        foreach (var resource in model.Resources.Where(resource => resource.Recipe() is not null).ToArray())
        {
            foreach (var instance in resource.Instances())
                roster.Add(instance);
            if (resource.IsReplicated())
                LifecycleCommands.AddTo(resource, roster, runtime.Notifications);
            projectCommands.AddTo(resource);
        }
        _automatic = [.. roster.All.Where(controller => !controller.Resource.IsExplicitStart())];
    }

    /// <summary>Publishes the events that come before any start, and begins to follow every resource.</summary>
    private async Task AnnounceAsync(CancellationToken cancellationToken)
    {
        foreach (var resource in model.Resources.ToArray())
        {
            runtime.Notifications.Update(resource, snapshot => snapshot);
            await runtime.Eventing.PublishAsync(new InitializeResourceEvent(resource, runtime.Eventing, runtime.Loggers, runtime.Notifications, runtime.Services),
                EventDispatchBehavior.NonBlockingSequential, cancellationToken);
            if (resource is IResourceWithEndpoints)
                await runtime.Eventing.PublishAsync(new ResourceEndpointsAllocatedEvent(resource, runtime.Services), cancellationToken);
            if (resource is IResourceWithConnectionString)
                await runtime.Eventing.PublishAsync(new ConnectionStringAvailableEvent(resource, runtime.Services), cancellationToken);
            foreach (var one in resource.AndReplicas())
                await links.ShowAsync(one, cancellationToken);
            if (resource.Recipe() is null || resource.IsReplicated())
                _followers.Add(health.FollowAsync(resource, _end.Token));
            if (resource.Recipe() is null)
                _followers.Add(passive.LiveAsync(resource, _end.Token));
        }
    }

    /// <summary>Waits for all of them, or for the first failure of any resource that starts by itself.</summary>
    private async Task AllAsync(Func<ResourceController, Task> milestone, CancellationToken cancellationToken)
    {
        await foreach (var reached in Task.WhenEach(_automatic.Select(milestone)).WithCancellation(cancellationToken))
            await reached;
    }
}

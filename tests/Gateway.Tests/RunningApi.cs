using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using PhotoPlatform.Media;
using PhotoPlatform.Notifier;
using PhotoPlatform.Testing;
using PhotoPlatform.Users;

namespace PhotoPlatform.Gateway.Tests;

/// <summary>The gateway before all the services that it proxies, for one class of tests.</summary>
public sealed class RunningApi : IAsyncLifetime
{
    private readonly Dictionary<string, RunningService> _services = [];
    private TestEnvironment? _environment;
    private RunningService? _gateway;

    public RunningService Gateway => _gateway!;

    public IReadOnlyDictionary<string, RunningService> Services => _services;

    public async ValueTask InitializeAsync()
    {
        _environment = await TestEnvironment.CreateAsync("users", "media", "notifier");
        var mail = new Dictionary<string, string?> { ["Mail:Server"] = "smtp://127.0.0.1:1", ["Mail:From"] = "PhotoPlatform <no-reply@photoplatform.example>" };
        _services["users"] = await RunningService.StartAsync("users", _environment, builder => builder.AddUsers(), app => app.MapUsers());
        _services["media"] = await RunningService.StartAsync("media", _environment, builder => builder.AddMedia(), app => app.MapMedia());
        _services["notifier"] = await RunningService.StartAsync("notifier", _environment, builder => builder.AddNotifier(), app => app.MapNotifier(), mail);
        _gateway = await StartAsync(_services.ToDictionary(service => service.Key, service => service.Value.Address.ToString()));
    }

    /// <summary>A gateway before services at these addresses.</summary>
    public Task<RunningService> StartAsync(Dictionary<string, string> addresses, TimeProvider? clock = null) => RunningService.StartAsync(
        "gateway", _environment!, builder => builder.AddGateway(), app => app.MapGateway(),
        addresses.ToDictionary(address => $"services:{address.Key}:http:0", address => (string?)address.Value),
        services => services.Replace(ServiceDescriptor.Singleton(clock ?? TimeProvider.System)), application: "PhotoPlatform.Gateway");

    /// <summary>What a gateway says that the platform offers.</summary>
    public static async Task<JsonObject> DocumentAsync(RunningService gateway)
    {
        using var client = gateway.ClientWithoutIdentity();
        return JsonNode.Parse(await client.GetStringAsync(new Uri("/api/openapi.json", UriKind.Relative)))!.AsObject();
    }

    public async ValueTask DisposeAsync()
    {
        if (_gateway is not null)
            await _gateway.DisposeAsync();
        foreach (var service in _services.Values)
            await service.DisposeAsync();
        if (_environment is not null)
            await _environment.DisposeAsync();
    }
}

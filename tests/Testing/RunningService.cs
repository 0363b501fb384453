using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Caching;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.ServiceDefaults.Steps;

namespace PhotoPlatform.Testing;

/// <summary>A service as its Program.cs would start it, in this process, on a port of its own: the real web server, database and broker.</summary>
public sealed class RunningService : IAsyncDisposable
{
    private readonly string _name;
    private readonly WebApplication _app;

    private RunningService(string name, WebApplication app, LogRecords logs)
    {
        (_name, _app, Logs) = (name, app, logs);
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>What it logged.</summary>
    public LogRecords Logs { get; }

    /// <summary>Its services.</summary>
    public IServiceProvider Services => _app.Services;

    /// <summary>Runs the service's steps, then the service.</summary>
    /// <param name="name">Its name, which is the audience of identities too.</param>
    /// <param name="environment">Whose databases, broker and folder it uses.</param>
    /// <param name="add">The first half of its Program.cs.</param>
    /// <param name="map">The second half.</param>
    /// <param name="settings">More settings than the environment's.</param>
    /// <param name="replace">Other services than its own.</param>
    /// <param name="application">The program whose built files it serves, when not the tests'.</param>
    public static async Task<RunningService> StartAsync(
        string name, TestEnvironment environment, Action<WebApplicationBuilder> add, Action<WebApplication> map, Dictionary<string, string?>? settings = null,
        Action<IServiceCollection>? replace = null, string? application = null)
    {
        var logs = new LogRecords();
        var builder = ServiceHost.CreateService(name, application is null ? [] : ["--applicationName", application]);
        builder.Configuration.AddInMemoryCollection(environment.Settings());
        builder.Configuration.AddInMemoryCollection(settings);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        add(builder);
        // On a busy machine a slow Redis must not look like one that is away.
        if (builder.Services.Any(service => service.ServiceType == typeof(RedisAccess)))
        {
            builder.Services.Replace(ServiceDescriptor.Singleton(services => new RedisAccess(
                builder.Configuration.Require("ConnectionStrings:redis"), services.GetRequiredService<ILogger<RedisAccess>>(), services.GetRequiredService<TimeProvider>(), TimeSpan.FromSeconds(10))));
        }
        replace?.Invoke(builder.Services);
        builder.Logging.ClearProviders().AddProvider(logs);
        var app = builder.Build();
        app.UseServiceDefaults();
        map(app);
        foreach (var step in app.Services.GetServices<Step>().Where(step => step.Name is "migrate" or "declare").OrderByDescending(step => step.Name))
            await step.RunAsync(app.Services, CancellationToken.None);
        await app.StartAsync();
        // Its bus starts in the background, and stopped before it has started it would go on consuming here.
        if (app.Services.GetService<IBusControl>() is { } bus)
            await bus.WaitForHealthStatus(BusHealthStatus.Healthy, TimeSpan.FromSeconds(10));
        return new RunningService(name, app, logs);
    }

    /// <summary>A client whose requests carry the identity that the gateway would sign: of this user in this (or any) session, or of nobody.</summary>
    public HttpClient Client(Guid? user = null, Guid? session = null, params IReadOnlyList<string> roles)
    {
        var client = ClientWithoutIdentity();
        var signer = new IdentitySigner(System.Text.Encoding.UTF8.GetBytes(TestEnvironment.IdentityKey), Services.GetRequiredService<TimeProvider>());
        client.DefaultRequestHeaders.Add(IdentitySigner.Header, signer.Sign(_name, user, user is null ? null : session ?? Guid.CreateVersion7(), roles));
        return client;
    }

    /// <summary>The endpoints that it maps.</summary>
    public IReadOnlyList<RouteEndpoint> Endpoints => [.. Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()];

    /// <summary>A client as anybody on the network would be.</summary>
    public HttpClient ClientWithoutIdentity() => new() { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(30) };

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}

using PhotoPlatform.Gateway.ApiDocs;
using PhotoPlatform.Gateway.Proxy;
using PhotoPlatform.Gateway.Sessions;
using PhotoPlatform.ServiceDefaults.Caching;
using PhotoPlatform.ServiceDefaults.Identity;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.ServiceDiscovery;

namespace PhotoPlatform.Gateway;

/// <summary>The only public door: checks sessions, signs identities, passes requests on, and serves the web application.</summary>
public static class GatewayService
{
    /// <summary>Adds what the gateway needs.</summary>
    public static void AddGateway(this WebApplicationBuilder builder)
    {
        builder.WebHost.UseStaticWebAssets();
        builder.AddRedis();
        builder.Services.AddSingleton<SessionCache>();
        builder.Services.AddSingleton(services => IdentitySigner.FromConfiguration(builder.Configuration, services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton<ServiceAddresses>();
        builder.Services.AddSingleton<IDestinationResolver>(services => services.GetRequiredService<ServiceAddresses>());
        ReplicaWatch.Add(builder);
        builder.Services.AddHttpClient<SessionResolver>(client => client.Timeout = TimeSpan.FromSeconds(5));
        builder.Services.AddSingleton<UnknownTokens>();
        builder.Services.AddApiDocs();
        builder.Services.AddSingleton<IPassiveHealthCheckPolicy, RefusedConnections>();
        builder.Services.AddSingleton<IAvailableDestinationsPolicy, ReadyReplicas>();
        builder.Services.AddReverseProxy()
            .LoadFromConfig(builder.Configuration.GetSection("ReverseProxy"))
            .AddTransforms(IdentityTransform.Add);
    }

    /// <summary>Maps the proxy and the web application.</summary>
    public static void MapGateway(this WebApplication app)
    {
        app.UseMiddleware<PageSecurity>();
        app.UseMiddleware<SessionMiddleware>();
        app.UseDefaultFiles();
        app.UseRouting();
        app.MapApiDocs();
        app.MapReverseProxy(proxy =>
        {
            proxy.UseMiddleware<ReplicaRetry>();
            proxy.UseLoadBalancing();
            proxy.UsePassiveHealthChecks();
        });
        app.MapStaticAssets();
    }
}

using Aspire.Hosting;
using LocalHosting.Network;
using LocalHosting.Running;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LocalHosting.Dashboard;

/// <summary>
/// The HTTP server of this process, on the loopback interface only: the control API, and the dashboard's page if there is a dashboard. Without one it listens on any free port.
/// </summary>
internal sealed class DashboardServer(RunSettings settings, IServiceProvider services)
{
    private WebApplication? _web;

    /// <summary>The page; null while there is none.</summary>
    public string? Url => settings.DashboardPort is null ? null : ControlUrl;

    /// <summary>The API; null before the start.</summary>
    public string? ControlUrl { get; private set; }

    public async Task StartAsync(string controlToken)
    {
        var port = settings.DashboardPort ?? 0;
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory, EnvironmentName = "Production" });
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(System.Net.IPAddress.Loopback, port);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 0;
        });
        _web = builder.Build();
        _web.Use(RequestGuard.Create(controlToken));
        ActivatorUtilities.CreateInstance<DashboardApi>(services).Map(_web);
        ActivatorUtilities.CreateInstance<ControlApi>(services).Map(_web, _web.Lifetime.ApplicationStopping);
        try
        {
            await _web.StartAsync();
        }
        catch (IOException exception)
        {
            throw new DistributedApplicationException(
                $"dashboard: port {port} is taken{EndpointAllocator.Taker(port)}; stop that program or choose another port with --dashboard-port N.", exception);
        }
        ControlUrl = $"http://localhost:{new Uri(_web.Urls.First()).Port}";
    }

    public async Task StopAsync()
    {
        if (_web is null)
            return;
        using var atOnce = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        await _web.StopAsync(atOnce.Token);
        await _web.DisposeAsync();
        _web = null;
    }
}

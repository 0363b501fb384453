using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace PhotoPlatform.ServiceDefaults;

/// <summary>
/// A process that is told to stop says so at <c>/health</c> and goes on serving for <c>Shutdown:Drain</c> (default 0), so that whoever balances over
/// its replicas sends it nothing more before it takes no more connections. Each answer meanwhile ends its connection, so that nobody's next request
/// meets the moment in which it is closed. Counts into the time that the host has for stopping.
/// </summary>
internal sealed class Draining(IHostApplicationLifetime lifetime, IConfiguration configuration, TimeProvider time) : IHostedLifecycleService
{
    // Read at the start: what cannot be read must not be found out when the process stops.
    private readonly TimeSpan _drain = configuration.GetValue<TimeSpan>("Shutdown:Drain");

    /// <summary>Once the process stops: 503 at <c>/health</c> (not a health check: nothing is wrong, so nothing is logged), and no answer keeps its connection.</summary>
    internal static Task AnswerProbeAsync(HttpContext context, RequestDelegate next)
    {
        if (!context.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested)
            return next(context);
        // Of HTTP/1 alone: later versions say it in their own way.
        if (HttpProtocol.IsHttp11(context.Request.Protocol))
            context.Response.Headers.Connection = "close";
        if (context.Request.Path != "/health")
            return next(context);
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        return Task.CompletedTask;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        if (_drain <= TimeSpan.Zero)
            return;
        // Already done after a signal; not when somebody stops the host by a call.
        lifetime.StopApplication();
        await Task.Delay(_drain, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

using System.Net.Sockets;
using System.Security.Authentication;
using LocalHosting.Health;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LocalHosting.Infrastructure;

/// <summary>A health check that talks to a server: whatever keeps it from talking is why the server is unhealthy.</summary>
internal abstract class ServerCheck : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            return await ProbeAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is SocketException or IOException or AuthenticationException or OperationCanceledException)
        {
            return HealthCheckResult.Unhealthy(ProbeErrors.Describe(exception));
        }
    }

    protected abstract Task<HealthCheckResult> ProbeAsync(CancellationToken cancellationToken);
}

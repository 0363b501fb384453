using System.Net.Http;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LocalHosting.Health;

/// <summary>Healthy when GET on the address answers one exact status.</summary>
internal sealed class HttpEndpointCheck(Func<CancellationToken, ValueTask<Uri>> address, int status) : IHealthCheck
{
    private static readonly HttpClient Client = new(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(1), UseProxy = false });

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var uri = await address(cancellationToken);
        try
        {
            using var response = await Client.GetAsync(uri, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return (int)response.StatusCode == status
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Unhealthy($"GET {uri.AbsolutePath} answered {(int)response.StatusCode}");
        }
        catch (HttpRequestException exception)
        {
            return HealthCheckResult.Unhealthy(ProbeErrors.Describe(exception));
        }
        catch (OperationCanceledException)
        {
            return HealthCheckResult.Unhealthy($"GET {uri.AbsolutePath} gave no answer in time");
        }
    }
}

using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace PhotoPlatform.AppHost.Postgres;

/// <summary>
/// Healthy when the standby answers, with or without its primary: reads are what it is for. The description says how far behind it is.
/// </summary>
internal sealed class StandbyCheck(PostgresStandbyResource standby) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var (isSuccess, status) = await StandbyScript.RunAsync(standby, "status", cancellationToken);
        standby.IsPromoted = isSuccess && status == "promoted";
        return isSuccess ? HealthCheckResult.Healthy(status) : HealthCheckResult.Unhealthy(status);
    }
}

using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace PhotoPlatform.Messaging.Watching;

/// <summary>A service's database, as far as messaging is concerned.</summary>
internal sealed record MessagingDatabase(string Service, NpgsqlDataSource Database);

/// <summary>Healthy when the database answers.</summary>
internal sealed class DatabaseHealth(NpgsqlDataSource database) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await using var command = database.CreateCommand("SELECT 1");
            await command.ExecuteScalarAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (NpgsqlException exception)
        {
            return HealthCheckResult.Unhealthy(exception.Message);
        }
    }
}

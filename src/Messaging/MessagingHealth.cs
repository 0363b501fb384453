using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
using PhotoPlatform.Messaging.Consuming;

namespace PhotoPlatform.Messaging;

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

/// <summary>The state of a service's messaging.</summary>
/// <param name="Service">Its name.</param>
/// <param name="Pending">Messages in the outbox that will be sent; counted up to 10,000.</param>
/// <param name="OldestPendingSeconds">The age of the oldest of them, or null.</param>
/// <param name="Parked">Messages that were given up.</param>
/// <param name="Scheduled">Messages whose time has not come; counted up to 10,000.</param>
/// <param name="Queues">The queues that the process consumes.</param>
public sealed record MessagingState(string Service, int Pending, double? OldestPendingSeconds, int Parked, int Scheduled, IReadOnlyList<string> Queues);

/// <summary>Maps <c>/internal/messaging</c>.</summary>
public static class MessagingEndpoints
{
    private const int CountLimit = 10_000;
    private const string Due = "(deliver_at IS NULL OR deliver_at <= now())";

    /// <summary>For the gateway and operators: pending, oldest age and parked messages of each service of this process.</summary>
    public static void MapMessaging(this IEndpointRouteBuilder app) => app.MapGet("/internal/messaging", GetAsync);

    private static async Task<Ok<List<MessagingState>>> GetAsync(IServiceProvider services, TimeProvider time, CancellationToken cancellationToken)
    {
        var queues = services.GetServices<ConsumerEndpoint>().Select(endpoint => endpoint.Queue).ToArray();
        var states = new List<MessagingState>();
        foreach (var (service, database) in services.GetServices<MessagingDatabase>())
        {
            await using var command = database.CreateCommand($"""
                SELECT (SELECT count(*) FROM (SELECT FROM outbox WHERE parked_at IS NULL AND {Due} LIMIT {CountLimit}) AS pending)::int,
                       (SELECT id FROM outbox WHERE parked_at IS NULL AND {Due} ORDER BY id LIMIT 1),
                       (SELECT count(*) FROM (SELECT FROM outbox WHERE parked_at IS NOT NULL LIMIT {CountLimit}) AS parked)::int,
                       (SELECT count(*) FROM (SELECT FROM outbox WHERE parked_at IS NULL AND NOT {Due} LIMIT {CountLimit}) AS scheduled)::int
                """);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            double? age = await reader.IsDBNullAsync(1, cancellationToken) ? null : (time.GetUtcNow() - MessageId.TimeOf(reader.GetGuid(1))).TotalSeconds;
            states.Add(new MessagingState(service, reader.GetInt32(0), age, reader.GetInt32(2), reader.GetInt32(3), queues));
        }
        return TypedResults.Ok(states);
    }
}

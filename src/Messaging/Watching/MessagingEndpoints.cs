using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.Messaging.Watching;

namespace PhotoPlatform.Messaging;

/// <summary>The messaging of a process.</summary>
/// <param name="Outboxes">One for each service with a database in it, as they are now.</param>
/// <param name="Queues">The queues that it consumes, as they were up to five seconds ago; empty while the broker is away from its start on.</param>
public sealed record MessagingState(IReadOnlyList<OutboxState> Outboxes, IReadOnlyList<QueueReading> Queues);

/// <summary>Maps <c>/internal/messaging</c>.</summary>
public static class MessagingEndpoints
{
    /// <summary>For the gateway and operators: the outboxes and queues of this process.</summary>
    public static void MapMessaging(this IEndpointRouteBuilder app) => app.MapGet("/internal/messaging", GetAsync);

    private static async Task<Ok<MessagingState>> GetAsync(IServiceProvider services, MessagingWatch watch, TimeProvider time, CancellationToken cancellationToken)
    {
        var outboxes = new List<OutboxState>();
        foreach (var (service, database) in services.GetServices<MessagingDatabase>())
            outboxes.Add(await OutboxState.ReadAsync(service, database, time.GetUtcNow(), cancellationToken));
        return TypedResults.Ok(new MessagingState(outboxes, watch.Queues));
    }
}

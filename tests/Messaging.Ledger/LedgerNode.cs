using MassTransit;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.Messaging.Retry;
using PhotoPlatform.ServiceDefaults;

namespace PhotoPlatform.Messaging.Ledger;

/// <summary>
/// The chain of one attempt: the publisher notes "placed" and publishes <see cref="AttemptPlaced"/>; the consumer notes "taken" and sends <see cref="DoWork"/>;
/// the worker, which has no database, publishes <see cref="WorkDone"/>; the consumer notes "done".
/// </summary>
internal static class LedgerNode
{
    private const string Service = "ledger";

    /// <summary>As long as the default's rungs, nobody would wait for the end of a ledger; these are together long enough for a broker and a database that are killed one after the other.</summary>
    private static readonly RetryPolicy Retry = new(3, [.. ((int[])[2, 5, 10, 15, 20, 25, 30, 40]).Select(seconds => TimeSpan.FromSeconds(seconds))]);

    /// <param name="builder">The process.</param>
    /// <param name="role"><c>publish</c>, <c>relay</c>, <c>consume</c> or <c>work</c>; null: all of them.</param>
    internal static void AddLedger(this WebApplicationBuilder builder, string? role)
    {
        var failpoints = new Failpoints(builder.Configuration.Require("Ledger:Failpoints"));
        builder.Services.AddSingleton(failpoints);
        if (role != "work")
        {
            builder.AddMessaging<LedgerDb>(Service, messaging =>
            {
                messaging.Publishes<AttemptPlaced>();
                if (role is "consume" or null)
                    messaging.Subscribe<AttemptPlaced, AttemptPlacedConsumer>(Retry).Subscribe<WorkDone, WorkDoneConsumer>(Retry);
            });
        }
        if (role is "work" or null)
            builder.AddMessaging("ledger-worker", messaging => messaging.Publishes<WorkDone>().Receive<DoWork, Worker>(Worker.Queue, prefetch: 16, concurrency: 8, retry: Retry));
        switch (role)
        {
            case "publish":
                builder.Services.AddSingleton<CommitFailpoints>();
                break;
            case "relay":
                RelayFailpoint.Add(failpoints);
                break;
            case "consume":
                builder.Services.AddReceiveObserver<ConsumerFailpoint>();
                break;
        }
    }

    internal static void MapAttempts(this WebApplication app) => app.MapPost("/attempts/{number:long}", async (long number, LedgerDb db, Outbox<LedgerDb> outbox, CancellationToken cancellationToken) =>
    {
        db.Add(new Entry { Attempt = number, Stage = "placed" });
        outbox.Publish(new AttemptPlaced(number));
        // Both ways to commit: a save of its own, and a transaction, whose commit has a before and an after to be killed at.
        await using var transaction = number % 2 == 0 ? null : await db.Database.BeginTransactionAsync(cancellationToken);
        await db.SaveChangesAsync(cancellationToken);
        if (transaction is not null)
            await transaction.CommitAsync(cancellationToken);
        return TypedResults.NoContent();
    });
}

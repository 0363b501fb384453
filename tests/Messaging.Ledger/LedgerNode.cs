using MassTransit;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.ServiceDefaults;

namespace PhotoPlatform.Messaging.Ledger;

/// <summary>
/// The chain of one attempt: the publisher notes "placed" and publishes <see cref="AttemptPlaced"/>; the consumer notes "taken" and sends <see cref="DoWork"/>;
/// the worker, which has no database, publishes <see cref="WorkDone"/>; the consumer notes "done".
/// </summary>
internal static class LedgerNode
{
    private const string Service = "ledger";

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
                    messaging.Subscribe<AttemptPlaced, AttemptPlacedConsumer>().Subscribe<WorkDone, WorkDoneConsumer>();
            });
        }
        if (role is "work" or null)
            builder.AddMessaging("ledger-worker", messaging => messaging.Publishes<WorkDone>().Receive<DoWork, Worker>(Worker.Queue, prefetch: 16, concurrency: 8));
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
        await db.SaveChangesAsync(cancellationToken);
        return TypedResults.NoContent();
    });
}

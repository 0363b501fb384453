using MassTransit;
using PhotoPlatform.Messaging.Consuming;
using PhotoPlatform.Messaging.Outbox;

namespace PhotoPlatform.Messaging.Ledger;

public sealed record AttemptPlaced(long Attempt);

/// <summary>A command for the queue <see cref="Worker.Queue"/>.</summary>
public sealed record DoWork(long Attempt);

public sealed record WorkDone(long Attempt);

internal sealed class AttemptPlacedConsumer(LedgerDb db, Outbox<LedgerDb> outbox) : IConsumer<AttemptPlaced>
{
    public async Task Consume(ConsumeContext<AttemptPlaced> context)
    {
        db.Add(new Entry { Attempt = context.Message.Attempt, Stage = "taken" });
        outbox.Send(Worker.Queue, new DoWork(context.Message.Attempt));
        await db.SaveChangesAsync(context.CancellationToken);
    }
}

internal sealed class Worker(FollowUps followUps) : IConsumer<DoWork>
{
    internal const string Queue = "ledger-work";

    public Task Consume(ConsumeContext<DoWork> context) => followUps.PublishAsync(new WorkDone(context.Message.Attempt), context.CancellationToken);
}

internal sealed class WorkDoneConsumer(LedgerDb db) : IConsumer<WorkDone>
{
    public async Task Consume(ConsumeContext<WorkDone> context)
    {
        db.Add(new Entry { Attempt = context.Message.Attempt, Stage = "done" });
        await db.SaveChangesAsync(context.CancellationToken);
    }
}

using MassTransit;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Messaging.Outbox;

namespace PhotoPlatform.Media.Deletions;

/// <summary>Carry out a deletion that was not undone. From Media to itself.</summary>
internal sealed record PurgePhotos(Guid DeletionId)
{
    internal const string Queue = "media-purge-photos";
}

internal sealed class PurgePhotosConsumer(MediaDb db, Outbox<MediaDb> outbox, TimeProvider time) : IConsumer<PurgePhotos>
{
    public async Task Consume(ConsumeContext<PurgePhotos> context)
    {
        var (id, now, cancellationToken) = (context.Message.DeletionId, time.GetUtcNow(), context.CancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var deletion = await db.Set<Deletion>().FromSql($"SELECT * FROM deletions WHERE id = {id} FOR UPDATE").SingleOrDefaultAsync(cancellationToken);
        if (deletion is null)
            return;
        if (now < deletion.UndoUntil)
        {
            // The database's clock, which sends scheduled messages, is ahead of ours.
            outbox.Send(PurgePhotos.Queue, context.Message, deletion.UndoUntil);
        }
        else
        {
            var photos = await db.Photos.FromSql($"SELECT * FROM photos WHERE deletion_id = {id} ORDER BY id DESC FOR UPDATE").ToListAsync(cancellationToken);
            await PhotoRemoval.RemoveAsync(db, outbox, photos, now, cancellationToken);
            db.Remove(deletion);
        }
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}

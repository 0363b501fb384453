using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.ServiceDefaults.Identity;

namespace PhotoPlatform.Media.Photos;

/// <summary><c>DELETE /api/photos/{id}</c>: the photo is gone at once; its blobs follow when <see cref="PhotoDeleted"/> arrives.</summary>
internal static class DeletePhoto
{
    internal static async Task<Results<NoContent, NotFound>> HandleAsync(Guid id, SignedInUser owner, MediaDb db, Outbox<MediaDb> outbox, TimeProvider time, CancellationToken cancellationToken)
    {
        var photo = await db.Photos.SingleOrDefaultAsync(p => p.Id == id && p.OwnerId == owner.Id, cancellationToken);
        if (photo is null)
            return TypedResults.NotFound();

        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        db.Remove(photo);
        outbox.Publish(new PhotoDeleted(photo.Id, photo.OwnerId, photo.Source, time.GetUtcNow()));
        try
        {
            await db.SaveChangesAsync(cancellationToken);
            await Owners.ReleaseAsync(db, photo.OwnerId, 1, photo.Bytes, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        catch (DbUpdateConcurrencyException)
        {
            db.ChangeTracker.Clear();
            return TypedResults.NotFound();
        }
        return TypedResults.NoContent();
    }
}

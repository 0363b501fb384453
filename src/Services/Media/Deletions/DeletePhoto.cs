using Microsoft.AspNetCore.Http.HttpResults;
using PhotoPlatform.Contracts;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.ServiceDefaults.Identity;

namespace PhotoPlatform.Media.Deletions;

/// <summary><c>DELETE /api/photos/{id}</c>: the photo is gone at once; its blobs follow when <see cref="PhotoDeleted"/> arrives.</summary>
internal static class DeletePhoto
{
    internal static async Task<Results<NoContent, NotFound>> HandleAsync(Guid id, SignedInUser owner, MediaDb db, Outbox<MediaDb> outbox, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await db.LockOwnPhotoAsync(id, owner.Id, cancellationToken) is not { } photo)
            return TypedResults.NotFound();
        await PhotoRemoval.RemoveAsync(db, outbox, [photo], time.GetUtcNow(), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.NoContent();
    }
}

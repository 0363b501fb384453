using MassTransit;
using PhotoPlatform.Contracts;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.Storage;

namespace PhotoPlatform.Media.Processing;

/// <summary>The input's fault: the photo is rejected for good.</summary>
internal sealed class PhotoRejectedConsumer(MediaDb db, Outbox<MediaDb> outbox, IBlobStore blobs, TimeProvider time) : IConsumer<PhotoRejected>
{
    public Task Consume(ConsumeContext<PhotoRejected> context) => UnusablePhoto.MarkAsync(
        db, outbox, blobs, time, context.Message.PhotoId, context.Message.Version, PhotoState.Rejected, context.Message.Reason, context.CancellationToken);
}

/// <summary>Our fault: the job lies in the dead letters, and its replay makes the photo ready.</summary>
internal sealed class PhotoProcessingFailedConsumer(MediaDb db, Outbox<MediaDb> outbox, IBlobStore blobs, TimeProvider time) : IConsumer<PhotoProcessingFailed>
{
    public Task Consume(ConsumeContext<PhotoProcessingFailed> context) => UnusablePhoto.MarkAsync(
        db, outbox, blobs, time, context.Message.PhotoId, context.Message.Version, PhotoState.Failed, context.Message.Reason, context.CancellationToken);
}

internal static class UnusablePhoto
{
    internal static async Task MarkAsync(
        MediaDb db, Outbox<MediaDb> outbox, IBlobStore blobs, TimeProvider time, Guid photoId, int version, PhotoState state, string reason, CancellationToken cancellationToken)
    {
        // A job of a deleted photo may have written some of its renditions before it failed.
        if (!await NoteAsync(db, outbox, time, photoId, version, state, reason, cancellationToken))
            await blobs.DeleteFolderAsync(PhotoBlobs.RenditionsOf(photoId), cancellationToken);
    }

    /// <returns>False when there is no such photo any more.</returns>
    private static async Task<bool> NoteAsync(
        MediaDb db, Outbox<MediaDb> outbox, TimeProvider time, Guid photoId, int version, PhotoState state, string reason, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await db.LockPhotoAsync(photoId, cancellationToken) is not { } photo)
            return false;
        if (photo.Version != version || photo.State is PhotoState.Ready or PhotoState.Rejected)
            return true;
        (photo.State, photo.Reason) = (state, reason);
        outbox.Publish(new PhotoUnusable(photo.Id, photo.OwnerId, version, state == PhotoState.Rejected ? "rejected" : "failed", reason, time.GetUtcNow()));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }
}

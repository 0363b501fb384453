using MassTransit;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Media.Deletions;
using PhotoPlatform.Media.Delivery;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.Storage;

namespace PhotoPlatform.Media.Processing;

/// <summary>
/// Stores the renditions of a photo and makes it ready. Of a photo that was deleted meanwhile it removes them. An owner's portrait takes the place of the older ones, which are deleted;
/// also of those that are still being made, so that a slow old one does not follow it.
/// </summary>
internal sealed class PhotoProcessedConsumer(MediaDb db, Outbox<MediaDb> outbox, IBlobStore blobs, TimeProvider time, ILogger<PhotoProcessedConsumer> logger) : IConsumer<PhotoProcessed>
{
    private const string AvatarRendition = "thumb";

    public async Task Consume(ConsumeContext<PhotoProcessed> context)
    {
        if (!await StoreAsync(context.Message, context.CancellationToken))
            await blobs.DeleteFolderAsync(PhotoBlobs.RenditionsOf(context.Message.PhotoId), context.CancellationToken);
    }

    /// <returns>False when there is no such photo any more.</returns>
    private async Task<bool> StoreAsync(PhotoProcessed message, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await db.LockPhotoAsync(message.PhotoId, cancellationToken) is not { } photo)
            return false;
        if (photo.Version != message.Version || photo.State is PhotoState.Ready or PhotoState.Rejected)
            return true;

        (photo.State, photo.Reason) = (PhotoState.Ready, null);
        (photo.Width, photo.Height, photo.Placeholder) = (message.Width, message.Height, message.Placeholder);
        photo.Renditions.AddRange(message.Renditions.Select(file => new Rendition
        {
            PhotoId = photo.Id,
            Version = message.Version,
            Name = file.Name,
            Key = file.Key,
            Width = file.Width,
            Height = file.Height,
            ContentType = file.ContentType,
            Bytes = file.Bytes,
            Etag = file.ETag,
        }));
        var now = time.GetUtcNow();
        outbox.Publish(new PhotoReady(photo.Id, photo.OwnerId, photo.Version, photo.Avatar ? RenditionUrl.PathOf(photo.Id, photo.Version, photo.Epoch, AvatarRendition) : null, now));
        await db.SaveChangesAsync(cancellationToken);
        if (photo.Avatar)
        {
            var older = await db.Photos.FromSql($"SELECT * FROM photos WHERE owner_id = {photo.OwnerId} AND avatar AND id < {photo.Id} ORDER BY id DESC FOR UPDATE").ToListAsync(cancellationToken);
            await PhotoRemoval.RemoveAsync(db, outbox, older, now, cancellationToken);
        }
        await transaction.CommitAsync(cancellationToken);
        logger.LogInformation("Photo {PhotoId} of user {OwnerId} is ready", photo.Id, photo.OwnerId);
        return true;
    }
}

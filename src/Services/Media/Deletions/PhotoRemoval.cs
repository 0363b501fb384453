using PhotoPlatform.Contracts;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Messaging.Outbox;

namespace PhotoPlatform.Media.Deletions;

internal static class PhotoRemoval
{
    /// <summary>
    /// Removes photos of one owner for good: their rows, what they took of the quota, and by <see cref="PhotoDeleted"/> their blobs. The caller has a transaction in which it has locked them,
    /// several of them from the newest to the oldest as everybody does, so that nobody waits in a circle. Saves.
    /// </summary>
    internal static async Task RemoveAsync(MediaDb db, Outbox<MediaDb> outbox, IReadOnlyList<Photo> photos, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (photos.Count == 0)
            return;
        db.RemoveRange(photos);
        foreach (var photo in photos)
            outbox.Publish(new PhotoDeleted(photo.Id, photo.OwnerId, photo.Source, now));
        await db.SaveChangesAsync(cancellationToken);
        await Owners.ReleaseAsync(db, photos[0].OwnerId, photos.Count, photos.Sum(photo => photo.Bytes), cancellationToken);
    }
}

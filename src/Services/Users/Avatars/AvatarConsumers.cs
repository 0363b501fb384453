using MassTransit;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.Users.Data;

namespace PhotoPlatform.Users.Avatars;

/// <summary>A photo that was uploaded as an avatar becomes it, unless a newer one was it already: ids of photos sort by time.</summary>
internal sealed class PhotoReadyConsumer(UsersDb db) : IConsumer<PhotoReady>
{
    public async Task Consume(ConsumeContext<PhotoReady> context)
    {
        var photo = context.Message;
        if (photo.AvatarUrl is not { Length: <= User.MaxAvatarUrl } url)
            return;
        await using var transaction = await db.Database.BeginTransactionAsync(context.CancellationToken);
        if (await db.LockUserAsync(photo.OwnerId, context.CancellationToken) is not { } owner)
            return;
        if (!Avatar.Replaces(photo.PhotoId, photo.Version, owner.AvatarPhotoId, owner.AvatarVersion)
            || await db.DeletedPhotos.AnyAsync(deleted => deleted.PhotoId == photo.PhotoId, context.CancellationToken))
            return;
        (owner.AvatarPhotoId, owner.AvatarVersion, owner.AvatarUrl) = (photo.PhotoId, photo.Version, url);
        await db.SaveChangesAsync(context.CancellationToken);
        await transaction.CommitAsync(context.CancellationToken);
    }
}

/// <summary>
/// The avatar goes with its photo. The photo stays noted as the newest that there was, so that an older one whose message is late does not come back;
/// and as deleted, should the message that it is ready come after this one.
/// </summary>
internal sealed class PhotoDeletedConsumer(UsersDb db, TimeProvider time) : IConsumer<PhotoDeleted>
{
    public async Task Consume(ConsumeContext<PhotoDeleted> context)
    {
        var photo = context.Message;
        await using var transaction = await db.Database.BeginTransactionAsync(context.CancellationToken);
        if (await db.LockUserAsync(photo.OwnerId, context.CancellationToken) is not { } owner)
            return;
        if (owner.AvatarPhotoId == photo.PhotoId)
            owner.AvatarUrl = null;
        var now = time.GetUtcNow();
        await db.Database.ExecuteSqlAsync($"INSERT INTO deleted_photos (photo_id, at) VALUES ({photo.PhotoId}, {now}) ON CONFLICT DO NOTHING", context.CancellationToken);
        await db.SaveChangesAsync(context.CancellationToken);
        await transaction.CommitAsync(context.CancellationToken);
    }
}

/// <summary>Which of two avatars is the newer one.</summary>
internal static class Avatar
{
    /// <summary>Whether a photo takes the place of the one that is or was the avatar.</summary>
    internal static bool Replaces(Guid photoId, int version, Guid? currentId, int currentVersion) => currentId is not { } current
        || (photoId == current ? version > currentVersion : photoId > current);
}

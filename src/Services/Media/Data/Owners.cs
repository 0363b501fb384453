using Microsoft.EntityFrameworkCore;

namespace PhotoPlatform.Media.Data;

/// <summary>The account of what each user's photos take. Every change of it is one statement, in the transaction that adds or removes the photos.</summary>
internal static class Owners
{
    /// <summary>
    /// Counts one more photo, unless it would go over the quota or the account is closed. It locks the owner's row until the transaction ends: call it last.
    /// </summary>
    /// <returns>False when nothing was counted.</returns>
    internal static async Task<bool> ReserveAsync(MediaDb db, Guid ownerId, long bytes, Quota quota, CancellationToken cancellationToken) =>
        await db.Database.ExecuteSqlAsync($"""
            INSERT INTO owners (user_id, photos, bytes) SELECT {ownerId}, 1, {bytes} WHERE {quota.Photos} >= 1 AND {quota.Bytes} >= {bytes}
            ON CONFLICT (user_id) DO UPDATE SET photos = owners.photos + 1, bytes = owners.bytes + excluded.bytes
            WHERE owners.closed_at IS NULL AND owners.photos + 1 <= {quota.Photos} AND owners.bytes + excluded.bytes <= {quota.Bytes}
            """, cancellationToken) == 1;

    /// <summary>Gives back what removed photos took. It locks the owner's row until the transaction ends: call it last.</summary>
    internal static Task ReleaseAsync(MediaDb db, Guid ownerId, int photos, long bytes, CancellationToken cancellationToken) =>
        db.Database.ExecuteSqlAsync($"UPDATE owners SET photos = greatest(photos - {photos}, 0), bytes = greatest(bytes - {bytes}, 0) WHERE user_id = {ownerId}", cancellationToken);

    /// <summary>The owner, or what somebody has who has nothing yet.</summary>
    internal static async Task<Owner> ReadAsync(MediaDb db, Guid ownerId, CancellationToken cancellationToken) =>
        await db.Owners.AsNoTracking().SingleOrDefaultAsync(owner => owner.UserId == ownerId, cancellationToken) ?? new Owner { UserId = ownerId };
}

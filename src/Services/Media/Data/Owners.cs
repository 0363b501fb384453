using Microsoft.EntityFrameworkCore;

namespace PhotoPlatform.Media.Data;

/// <summary>What photos take of their owner's quota.</summary>
internal static class Owners
{
    /// <summary>Gives back what deleted photos took; what an owner uses never falls below zero.</summary>
    internal static Task ReleaseAsync(MediaDb db, Guid ownerId, int photos, long bytes, CancellationToken cancellationToken) => db.Database.ExecuteSqlAsync(
        $"UPDATE owners SET photos = greatest(photos - {photos}, 0), bytes = greatest(bytes - {bytes}, 0) WHERE user_id = {ownerId}", cancellationToken);
}

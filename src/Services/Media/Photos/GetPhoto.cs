using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Media.Delivery;
using PhotoPlatform.ServiceDefaults.Identity;

namespace PhotoPlatform.Media.Photos;

/// <summary><c>GET /api/photos/{id}</c>: one of the caller's own photos, in any state.</summary>
internal static class GetPhoto
{
    internal static async Task<Results<Ok<PhotoResponse>, NotFound>> HandleAsync(Guid id, SignedInUser owner, MediaReadDb db, RenditionUrl urls, CancellationToken cancellationToken)
    {
        var photo = await db.Photos.Include(p => p.Renditions).SingleOrDefaultAsync(p => p.Id == id && p.OwnerId == owner.Id, cancellationToken);
        return photo is null ? TypedResults.NotFound() : TypedResults.Ok(PhotoResponse.Of(photo, urls));
    }
}

using Microsoft.AspNetCore.Http.HttpResults;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Media.Delivery;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Identity;

namespace PhotoPlatform.Media.Photos;

/// <summary><c>GET /api/photos?cursor=&amp;limit=</c>: the caller's own photos, newest first.</summary>
internal static class ListPhotos
{
    internal sealed record Response(IReadOnlyList<PhotoResponse> Items, string? Next);

    internal static async Task<Results<Ok<Response>, ValidationProblem>> HandleAsync(
        SignedInUser owner, MediaReadDb db, RenditionUrl urls, CancellationToken cancellationToken, string? cursor = null, string? limit = null)
    {
        var errors = new FieldErrors();
        var page = PageOfPhotos.Parse(errors, cursor, limit);
        if (!errors.None)
            return errors.ToProblem();
        var (photos, next) = await page.ReadAsync(db.Photos.Where(photo => photo.OwnerId == owner.Id), cancellationToken);
        return TypedResults.Ok(new Response([.. photos.Select(photo => PhotoResponse.Of(photo, urls))], next));
    }
}

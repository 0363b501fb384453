using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Net.Http.Headers;
using PhotoPlatform.Media.Data;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Storage;

namespace PhotoPlatform.Media.Delivery;

/// <summary><c>GET /media/...</c>: a rendition's bytes, with a strong ETag and ranges. A private one is there for its owner alone.</summary>
internal static class GetRendition
{
    internal static async Task<Results<FileStreamHttpResult, NotFound>> HandleAsync(
        Guid photoId, int version, int epoch, string name, HttpContext http, MediaDb db, IBlobStore blobs, CancellationToken cancellationToken)
    {
        var caller = http.Features.Get<CallerIdentity>()?.UserId;
        var found = await (
            from photo in db.Photos
            where photo.Id == photoId && photo.Epoch == epoch && (photo.Visibility != Visibility.Private || photo.OwnerId == caller)
            from rendition in photo.Renditions
            where rendition.Version == version && rendition.Name == name
            select new { rendition.Key, rendition.ContentType, rendition.Etag, photo.Visibility, photo.CreatedAt }).SingleOrDefaultAsync(cancellationToken);
        if (found is null || await blobs.OpenReadAsync(found.Key, 0, null, cancellationToken) is not { } stream)
            return TypedResults.NotFound();

        var headers = http.Response.Headers;
        headers.CacheControl = found.Visibility == Visibility.Private ? "private, max-age=86400, immutable" : "public, max-age=31536000, immutable";
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = "default-src 'none'; sandbox";
        return TypedResults.File(stream, found.ContentType, entityTag: new EntityTagHeaderValue($"\"{found.Etag}\""), enableRangeProcessing: true);
    }
}

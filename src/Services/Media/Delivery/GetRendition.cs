using System.Globalization;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Media.Data;
using PhotoPlatform.ServiceDefaults.Http;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Storage;

namespace PhotoPlatform.Media.Delivery;

/// <summary><c>GET /media/...</c>: a rendition's bytes, with a strong ETag and one range. A private one is there for its owner, and for whoever has its signed address.</summary>
internal static class GetRendition
{
    internal static async Task<IResult> HandleAsync(
        Guid photoId, int version, int epoch, string name, HttpContext http, MediaReadDb db, RenditionUrl urls, IBlobStore blobs, CancellationToken cancellationToken)
    {
        var caller = http.Features.Get<CallerIdentity>()?.UserId;
        var goodFor = urls.GoodFor(RenditionUrl.PathOf(photoId, version, epoch, name), http.Request.Query);
        var isSigned = goodFor is not null;
        var found = await (
            from photo in db.Photos
            where photo.Id == photoId && photo.Version == version && photo.Epoch == epoch && (photo.Visibility != Visibility.Private || isSigned || photo.OwnerId == caller)
            from rendition in photo.Renditions
            where rendition.Version == version && rendition.Name == name
            select new { rendition.Key, rendition.ContentType, rendition.Etag, rendition.Bytes, photo.Visibility }).SingleOrDefaultAsync(cancellationToken);
        if (found is null)
            return TypedResults.NotFound();
        var caching = found.Visibility != Visibility.Private ? "public, max-age=31536000, immutable"
            : string.Create(CultureInfo.InvariantCulture, $"private, max-age={(long)(goodFor ?? TimeSpan.FromDays(1)).TotalSeconds}, immutable");
        return new RangedResult((offset, length, opening) => blobs.OpenReadAsync(found.Key, offset, length, opening), found.Bytes, found.ContentType, found.Etag, caching);
    }
}

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Media.Data;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Identity;

namespace PhotoPlatform.Media.Photos;

/// <summary><c>GET /api/photos?cursor=&amp;limit=</c>: the caller's own photos, newest first. The cursor is the last id of the page before.</summary>
internal static class ListPhotos
{
    private const int DefaultLimit = 30;
    private const int MaxLimit = 100;

    internal sealed record Response(IReadOnlyList<PhotoResponse> Items, string? Next);

    internal static async Task<Results<Ok<Response>, ValidationProblem>> HandleAsync(
        SignedInUser owner, MediaDb db, CancellationToken cancellationToken, string? cursor = null, string? limit = null)
    {
        var (before, size) = (Guid.Empty, DefaultLimit);
        var errors = new FieldErrors();
        errors.Check("cursor", string.IsNullOrEmpty(cursor) || Guid.TryParseExact(cursor, "D", out before), "Must be the 'next' of a page before.");
        errors.Check("limit", string.IsNullOrEmpty(limit) || (int.TryParse(limit, out size) && size is >= 1 and <= MaxLimit), $"Must be 1 to {MaxLimit}.");
        if (!errors.None)
            return errors.ToProblem();

        var own = db.Photos.AsNoTracking().Where(photo => photo.OwnerId == owner.Id);
        if (before != Guid.Empty)
            own = own.Where(photo => photo.Id < before);
        var page = await own.OrderByDescending(photo => photo.Id).Take(size + 1).Include(photo => photo.Renditions).ToListAsync(cancellationToken);
        var items = page.Take(size).Select(PhotoResponse.Of).ToList();
        return TypedResults.Ok(new Response(items, page.Count > size ? items[^1].Id.ToString("D") : null));
    }
}

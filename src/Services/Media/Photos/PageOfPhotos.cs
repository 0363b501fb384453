using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Media.Data;
using PhotoPlatform.ServiceDefaults;

namespace PhotoPlatform.Media.Photos;

/// <summary>Which page of a list is wanted. The cursor is the last id of the page before.</summary>
internal sealed record PageOfPhotos(Guid Before, int Size)
{
    private const int DefaultLimit = 30;
    private const int MaxLimit = 100;

    /// <summary>Reads and checks the two parameters of a list.</summary>
    internal static PageOfPhotos Parse(FieldErrors errors, string? cursor, string? limit)
    {
        var (before, size) = (Guid.Empty, DefaultLimit);
        errors.Check("cursor", string.IsNullOrEmpty(cursor) || Guid.TryParseExact(cursor, "D", out before), "Must be the 'next' of a page before.");
        errors.Check("limit", string.IsNullOrEmpty(limit) || (int.TryParse(limit, out size) && size is >= 1 and <= MaxLimit), $"Must be 1 to {MaxLimit}.");
        return new PageOfPhotos(before, size);
    }

    /// <summary>The photos of the page with their renditions, newest first, and the cursor of the next, or null.</summary>
    internal async Task<(IReadOnlyList<Photo> Items, string? Next)> ReadAsync(IQueryable<Photo> photos, CancellationToken cancellationToken)
    {
        if (Before != Guid.Empty)
            photos = photos.Where(photo => photo.Id < Before);
        var page = await photos.OrderByDescending(photo => photo.Id).Take(Size + 1).Include(photo => photo.Renditions).ToListAsync(cancellationToken);
        var items = page.Take(Size).ToList();
        return (items, page.Count > Size ? items[^1].Id.ToString("D") : null);
    }
}

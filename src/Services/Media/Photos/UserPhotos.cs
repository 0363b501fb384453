using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Media.Delivery;
using PhotoPlatform.ServiceDefaults;

namespace PhotoPlatform.Media.Photos;

/// <summary>A photo as others see it.</summary>
/// <param name="Owner">The owner's handle.</param>
/// <param name="Width">In pixels.</param>
/// <param name="Height">In pixels.</param>
/// <param name="Placeholder">BlurHash.</param>
internal sealed record SharedPhotoResponse(
    Guid Id, string Owner, string Title, string Description, int Width, int Height, string? Placeholder, IReadOnlyList<RenditionResponse> Renditions, DateTimeOffset CreatedAt)
{
    internal static SharedPhotoResponse Of(Photo photo, string handle, RenditionUrl urls) =>
        new(photo.Id, handle, photo.Title, photo.Description, photo.Width, photo.Height, photo.Placeholder, RenditionResponse.Of(photo, urls), photo.CreatedAt);
}

/// <summary><c>GET /api/users/{handle}/photos?cursor=&amp;limit=</c>: an owner's public photos, newest first, for everybody.</summary>
internal static class ListUserPhotos
{
    internal sealed record Response(IReadOnlyList<SharedPhotoResponse> Items, string? Next);

    internal static async Task<Results<Ok<Response>, NotFound, ValidationProblem>> HandleAsync(
        string handle, MediaReadDb db, RenditionUrl urls, CancellationToken cancellationToken, string? cursor = null, string? limit = null)
    {
        var errors = new FieldErrors();
        var page = PageOfPhotos.Parse(errors, cursor, limit);
        if (!errors.None)
            return errors.ToProblem();
        if (await SharedPhotos.OwnerOfAsync(db, handle, cancellationToken) is not { } owner)
            return TypedResults.NotFound();
        var (photos, next) = await page.ReadAsync(
            db.Photos.Where(photo => photo.OwnerId == owner && photo.Visibility == Visibility.Public && photo.State == PhotoState.Ready && !photo.Avatar), cancellationToken);
        return TypedResults.Ok(new Response([.. photos.Select(photo => SharedPhotoResponse.Of(photo, handle, urls))], next));
    }
}

/// <summary><c>GET /api/users/{handle}/photos/{id}</c>: a public or unlisted photo, for everybody who knows its id.</summary>
internal static class GetUserPhoto
{
    internal static async Task<Results<Ok<SharedPhotoResponse>, NotFound>> HandleAsync(string handle, Guid id, MediaReadDb db, RenditionUrl urls, CancellationToken cancellationToken)
    {
        if (await SharedPhotos.OwnerOfAsync(db, handle, cancellationToken) is not { } owner)
            return TypedResults.NotFound();
        var photo = await db.Photos.Include(p => p.Renditions)
            .SingleOrDefaultAsync(p => p.Id == id && p.OwnerId == owner && p.Visibility != Visibility.Private && p.State == PhotoState.Ready, cancellationToken);
        return photo is null ? TypedResults.NotFound() : TypedResults.Ok(SharedPhotoResponse.Of(photo, handle, urls));
    }
}

internal static class SharedPhotos
{
    /// <summary>The user of a handle, or null when Media knows none.</summary>
    internal static async Task<Guid?> OwnerOfAsync(MediaReadDb db, string handle, CancellationToken cancellationToken) =>
        handle.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_')
            ? await db.Owners.Where(owner => owner.Handle == handle).Select(owner => (Guid?)owner.UserId).SingleOrDefaultAsync(cancellationToken)
            : null;
}

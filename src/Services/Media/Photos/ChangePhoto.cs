using Microsoft.AspNetCore.Http.HttpResults;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Media.Delivery;
using PhotoPlatform.ServiceDefaults.Http;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Identity;

namespace PhotoPlatform.Media.Photos;

/// <summary>
/// <c>PATCH /api/photos/{id}</c>: changes what is given. With a new visibility the epoch counts up, and every address of its renditions stops working.
/// <c>If-Match</c> with the photo's tag keeps two changes from overwriting each other.
/// </summary>
internal static class ChangePhoto
{
    /// <param name="Title">At most 200 characters of one line.</param>
    /// <param name="Description">At most 2,000 characters.</param>
    /// <param name="Visibility">public, unlisted or private.</param>
    internal sealed record Request(string? Title, string? Description, string? Visibility);

    internal static async Task<Results<Ok<PhotoResponse>, NotFound, ProblemHttpResult, ValidationProblem>> HandleAsync(
        Guid id, Request change, HttpContext http, SignedInUser owner, MediaDb db, RenditionUrl urls, EntityTags tags, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        var (title, description, visibility) = (PhotoDetails.ParseTitle(errors, change.Title), PhotoDetails.ParseDescription(errors, change.Description), PhotoDetails.ParseVisibility(errors, change.Visibility));
        if (!errors.None)
            return errors.ToProblem();

        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await db.LockOwnPhotoAsync(id, owner.Id, cancellationToken) is not { } photo)
            return TypedResults.NotFound();
        await db.Entry(photo).Collection(p => p.Renditions).LoadAsync(cancellationToken);
        // Signed addresses change at midnight, and the tag with them, but not what is changed here.
        if (Conditions.IfMatchFails(http.Request, tags.Of(PhotoResponse.Of(photo, urls)), tags.Of(PhotoResponse.Of(photo, urls, daysAgo: 1))))
            return TypedResults.Problem(statusCode: StatusCodes.Status412PreconditionFailed, detail: "The photo has changed since: get it again.");

        photo.Title = title ?? photo.Title;
        photo.Description = description ?? photo.Description;
        if (visibility is { } wanted && wanted != photo.Visibility)
        {
            if (photo.Avatar)
                return TypedResults.Problem(statusCode: StatusCodes.Status409Conflict, detail: "A portrait is public as long as it exists.");
            (photo.Visibility, photo.Epoch) = (wanted, photo.Epoch + 1);
        }
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);

        var response = PhotoResponse.Of(photo, urls);
        http.Response.Headers.ETag = tags.Of(response).ToString();
        return TypedResults.Ok(response);
    }
}

using System.Globalization;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Media.Data;
using PhotoPlatform.ServiceDefaults.Identity;

namespace PhotoPlatform.Media.Uploads;

/// <summary>
/// <c>HEAD /api/uploads/{id}</c>: where to go on. A client takes an offset at the end for success, so an upload that was received whole and is no photo yet
/// (the process died in between) becomes one before this is answered.
/// </summary>
internal static class GetUpload
{
    internal static async Task<IResult> HandleAsync(
        Guid id, HttpContext http, SignedInUser owner, MediaDb db, CompleteUpload complete, TimeProvider time, CancellationToken cancellationToken)
    {
        http.Response.Headers.CacheControl = "no-store";
        var upload = await FindAsync(db, id, owner.Id, cancellationToken);
        if (NotThere(upload, time) is { } missing)
            return missing;
        if (upload!.Received == upload.Length && upload.CompletedAt is null && await complete.CompleteAsync(upload, cancellationToken) is { } problem)
            return problem;

        Tus.Describe(http.Response, upload);
        http.Response.Headers[Tus.LengthHeader] = upload.Length.ToString(CultureInfo.InvariantCulture);
        if (upload.Metadata.Length > 0)
            http.Response.Headers[Tus.MetadataHeader] = upload.Metadata;
        return TypedResults.Ok();
    }

    internal static Task<Upload?> FindAsync(MediaDb db, Guid id, Guid owner, CancellationToken cancellationToken) =>
        db.Set<Upload>().AsNoTracking().SingleOrDefaultAsync(upload => upload.Id == id && upload.OwnerId == owner, cancellationToken);

    /// <summary>404 or 410, or null when there is one.</summary>
    internal static IResult? NotThere(Upload? upload, TimeProvider time)
    {
        if (upload is null)
            return Tus.Problem(StatusCodes.Status404NotFound, "There is no such upload.");
        return upload.CompletedAt is null && upload.ExpiresAt <= time.GetUtcNow() ? Tus.Problem(StatusCodes.Status410Gone, "This upload has expired.") : null;
    }
}

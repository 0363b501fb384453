using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Net.Http.Headers;
using PhotoPlatform.ServiceDefaults.Http;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Storage;
using PhotoPlatform.Users.Data;

namespace PhotoPlatform.Users.Exports;

/// <summary><c>GET</c> and <c>HEAD /api/users/me/exports/{id}/file</c>: the archive, whole or one range of it, so that an interrupted download goes on where it was.</summary>
internal static class DownloadExport
{
    internal static async Task<Results<RangedResult, NotFound, ProblemHttpResult>> HandleAsync(
        Guid id, SignedInUser caller, UsersDb db, IBlobStore blobs, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await db.Exports.AsNoTracking().SingleOrDefaultAsync(export => export.Id == id && export.UserId == caller.Id, cancellationToken) is not { } export)
            return TypedResults.NotFound();
        if (export.State == ExportState.Expired || (export.State == ExportState.Ready && export.ExpiresAt <= time.GetUtcNow()))
            return TypedResults.Problem(statusCode: StatusCodes.Status410Gone, detail: "This export has expired. Ask for another one.");
        if (export is not { State: ExportState.Ready, BlobKey: { } key, Bytes: { } bytes })
            return TypedResults.Problem(statusCode: StatusCodes.Status409Conflict, detail: "This export is not ready.");
        // The key is new for each archive, so it makes a strong entity tag.
        return new RangedResult((offset, length, opening) => blobs.OpenReadAsync(key, offset, length, opening), bytes, "application/zip", Path.GetFileNameWithoutExtension(key), "private, no-cache")
        {
            FileName = $"photoplatform-export-{export.CreatedAt:yyyy-MM-dd}.zip",
            Gone = TypedResults.Problem(statusCode: StatusCodes.Status410Gone, detail: "This export is gone. Ask for another one."),
        };
    }
}

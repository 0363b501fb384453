using PhotoPlatform.Media.Data;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Storage;

namespace PhotoPlatform.Media.Uploads;

/// <summary><c>DELETE /api/uploads/{id}</c> (tus: termination): its parts go. A photo that it became stays; that has an address of its own.</summary>
internal static class EndUpload
{
    internal static async Task<IResult> HandleAsync(Guid id, SignedInUser owner, MediaDb db, IBlobStore blobs, CancellationToken cancellationToken) =>
        await GetUpload.FindAsync(db, id, owner.Id, cancellationToken) is not null && await RemoveUploads.RemoveAsync(db, blobs, id, cancellationToken)
            ? TypedResults.NoContent()
            : Tus.Problem(StatusCodes.Status404NotFound, "There is no such upload.");
}

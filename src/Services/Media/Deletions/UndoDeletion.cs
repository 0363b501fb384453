using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Media.Data;
using PhotoPlatform.ServiceDefaults.Identity;

namespace PhotoPlatform.Media.Deletions;

/// <summary>
/// <c>DELETE /api/photos/deletions/{id}</c>: its photos are back as they were. Whoever locks the deletion's row first wins, this or <see cref="PurgePhotos"/>;
/// when its time is over it is 410, and 404 once it is carried out.
/// </summary>
internal static class UndoDeletion
{
    internal static async Task<Results<NoContent, NotFound, ProblemHttpResult>> HandleAsync(Guid id, SignedInUser owner, MediaDb db, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var deletion = await db.Set<Deletion>().FromSql($"SELECT * FROM deletions WHERE id = {id} AND owner_id = {owner.Id} FOR UPDATE").SingleOrDefaultAsync(cancellationToken);
        if (deletion is null)
            return TypedResults.NotFound();
        if (time.GetUtcNow() >= deletion.UndoUntil)
            return TypedResults.Problem(statusCode: StatusCodes.Status410Gone, detail: "The time to undo it is over.");
        await db.Database.ExecuteSqlAsync($"SELECT FROM photos WHERE deletion_id = {id} ORDER BY id DESC FOR UPDATE", cancellationToken);
        await db.Photos.Where(photo => photo.DeletionId == id).ExecuteUpdateAsync(photo => photo.SetProperty(p => p.DeletionId, (Guid?)null), cancellationToken);
        db.Remove(deletion);
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.NoContent();
    }
}

using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Storage;

namespace PhotoPlatform.Media.Uploads;

/// <summary>Removes uploads with their blobs. The row goes last, so that what was cut short is found again.</summary>
internal static class RemoveUploads
{
    /// <summary>Of an unfinished upload the joined original goes too: it may lie there without a photo.</summary>
    /// <param name="db">Its rows.</param>
    /// <param name="blobs">Its parts.</param>
    /// <param name="id">The upload.</param>
    /// <param name="cancellationToken">Ends it between two steps.</param>
    /// <param name="skipLocked">Leaves it alone when somebody else is at work on it.</param>
    /// <returns>False when there was none to remove.</returns>
    internal static async Task<bool> RemoveAsync(MediaDb db, IBlobStore blobs, Guid id, CancellationToken cancellationToken, bool skipLocked = false)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        // Whoever completes it at the same time waits, and then finds no row to complete.
        var uploads = db.Set<Upload>();
        var locked = skipLocked ? uploads.FromSql($"SELECT * FROM uploads WHERE id = {id} FOR UPDATE SKIP LOCKED") : uploads.FromSql($"SELECT * FROM uploads WHERE id = {id} FOR UPDATE");
        var upload = await locked.AsNoTracking().SingleOrDefaultAsync(cancellationToken);
        if (upload is null)
            return false;
        await blobs.DeleteFolderAsync(Upload.FolderOf(id), cancellationToken);
        if (upload.CompletedAt is null)
            await blobs.DeleteAsync(AcceptPhoto.SourceOf(id), cancellationToken);
        await uploads.Where(row => row.Id == id).ExecuteDeleteAsync(cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
        return true;
    }

    /// <summary>Removes everything about uploads of an owner whose account is closed (<see cref="Owner.ClosedAt"/> is committed): uploads, parts and idempotency keys.</summary>
    internal static async Task RemoveAllAsync(MediaDb db, IBlobStore blobs, Guid ownerId, CancellationToken cancellationToken)
    {
        await using (var transaction = await db.Database.BeginTransactionAsync(cancellationToken))
        {
            // A creation that began before the account was closed has ended after this.
            await LockOwnerAsync(db, ownerId, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        foreach (var id in await db.Set<Upload>().Where(upload => upload.OwnerId == ownerId).Select(upload => upload.Id).ToListAsync(cancellationToken))
            await RemoveAsync(db, blobs, id, cancellationToken);
        await db.Set<IdempotencyKey>().Where(key => key.OwnerId == ownerId).ExecuteDeleteAsync(cancellationToken);
    }

    /// <summary>One at a time for each owner, until the transaction ends.</summary>
    internal static Task LockOwnerAsync(MediaDb db, Guid ownerId, CancellationToken cancellationToken)
    {
        var name = $"uploads of {ownerId:D}";
        return db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended({name}, 0))", cancellationToken);
    }
}

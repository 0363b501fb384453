using MassTransit;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Media.Processing;
using PhotoPlatform.Media.Uploads;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.Storage;

namespace PhotoPlatform.Media.Accounts;

/// <summary>Remove the next photos of a closed account, and with the last of them everything else of it. From Media to itself.</summary>
internal sealed record PurgeOwner(Guid UserId)
{
    internal const string Queue = "media-purge-owner";
}

/// <summary>
/// Removes 100 photos at a time, first their blobs, then, in one short transaction, their rows, and sends itself the next command: however many there are, no transaction is long,
/// and after a crash it goes on where it was. Nobody is told of the single photos, since everybody is told of the account.
/// </summary>
internal sealed class PurgeOwnerConsumer(MediaDb db, Outbox<MediaDb> outbox, IBlobStore blobs, IServiceScopeFactory scopes, ILogger<PurgeOwnerConsumer> logger) : IConsumer<PurgeOwner>
{
    internal const int BatchSize = 100;

    public async Task Consume(ConsumeContext<PurgeOwner> context)
    {
        var (user, cancellationToken) = (context.Message.UserId, context.CancellationToken);
        var batch = await db.Photos.AsNoTracking().Where(photo => photo.OwnerId == user).OrderByDescending(photo => photo.Id).Take(BatchSize)
            .Select(photo => new { photo.Id, photo.Source }).ToListAsync(cancellationToken);
        if (batch.Count < BatchSize)
        {
            // In transactions of their own, one for each upload.
            await using var scope = scopes.CreateAsyncScope();
            await RemoveUploads.RemoveAllAsync(scope.ServiceProvider.GetRequiredService<MediaDb>(), blobs, user, cancellationToken);
        }
        foreach (var photo in batch)
        {
            await blobs.DeleteFolderAsync(PhotoBlobs.RenditionsOf(photo.Id), cancellationToken);
            await blobs.DeleteAsync(photo.Source, cancellationToken);
        }
        var ids = batch.Select(photo => photo.Id).ToArray();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync($"DELETE FROM photos WHERE id IN (SELECT id FROM photos WHERE id = ANY ({ids}) ORDER BY id DESC FOR UPDATE)", cancellationToken);

        if (batch.Count == BatchSize)
            outbox.Send(PurgeOwner.Queue, context.Message);
        else
            await OwnerData.DeleteAsync(db, user, cancellationToken);
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        logger.LogInformation("Removed {Count} photos of a closed account{End}", batch.Count, batch.Count < BatchSize ? ", the last" : "");
    }
}

/// <summary>What Media holds of an owner besides photos.</summary>
internal static class OwnerData
{
    /// <summary>Removes it, the mark of a closed account aside. Every table with a user in it has a line here.</summary>
    internal static async Task DeleteAsync(MediaDb db, Guid user, CancellationToken cancellationToken)
    {
        await db.Set<Deletion>().Where(deletion => deletion.OwnerId == user).ExecuteDeleteAsync(cancellationToken);
        await db.Set<ExportJob>().Where(job => job.UserId == user).ExecuteDeleteAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync($"UPDATE owners SET photos = 0, bytes = 0 WHERE user_id = {user} AND closed_at IS NOT NULL", cancellationToken);
        // A row without the mark was made by something that slipped in after the mark was removed.
        await db.Owners.Where(owner => owner.UserId == user && owner.ClosedAt == null).ExecuteDeleteAsync(cancellationToken);
    }
}

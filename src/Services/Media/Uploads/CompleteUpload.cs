using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Media.Photos;
using PhotoPlatform.Storage;

namespace PhotoPlatform.Media.Uploads;

/// <summary>
/// Makes the photo of an upload that was received whole. The photo has the upload's id, and the upload is marked in the photo's transaction, so that however often
/// and wherever this runs, also at once and after a crash at any point, there is one photo: the same bytes go to the same original until one transaction has won.
/// </summary>
internal sealed class CompleteUpload(MediaDb db, AcceptPhoto accept, IBlobStore blobs, ImageLimits limits, Quota quota, TimeProvider time, ILogger<CompleteUpload> logger)
{
    /// <summary>The blobs of an upload's parts, in their order.</summary>
    internal static Task<List<string>> PartsAsync(MediaDb db, Guid id, CancellationToken cancellationToken) =>
        db.Set<UploadPart>().Where(part => part.UploadId == id).OrderBy(part => part.Start).Select(part => part.Key).ToListAsync(cancellationToken);

    /// <returns>Why there is no photo; null when there is one, and the upload says so.</returns>
    internal async Task<ProblemHttpResult?> CompleteAsync(Upload upload, CancellationToken cancellationToken)
    {
        if (await QuotaCheck.CheckAsync(db, upload.OwnerId, upload.Length, quota, cancellationToken) is { } overQuota)
            return overQuota;
        await blobs.EnsureSpaceAsync(upload.Length, cancellationToken);
        ReceivedImage image;
        try
        {
            image = await JoinAsync(upload, cancellationToken);
        }
        catch (MissingPartException)
        {
            if (await EndedMeanwhileAsync(upload, cancellationToken) is { } ended)
                return ended.Problem;
            throw;
        }
        if (image.Rejection is { } rejection)
        {
            await RemoveUploads.RemoveAsync(db, blobs, upload.Id, cancellationToken);
            return Refusal.Of(rejection);
        }

        var now = time.GetUtcNow();
        var acceptance = await accept.AcceptAsync(upload.Id, upload.OwnerId, image, Tus.FieldsOf(Tus.ParseMetadata(upload.Metadata)!).Parse(), async within =>
            await within.Database.ExecuteSqlAsync($"UPDATE uploads SET completed_at = {now} WHERE id = {upload.Id} AND completed_at IS NULL", CancellationToken.None) == 1, cancellationToken);
        if (acceptance.Problem is { } refused)
            return refused;
        if (!acceptance.Accepted)
            return (await EndedMeanwhileAsync(upload, CancellationToken.None))?.Problem;
        upload.CompletedAt = now;
        try
        {
            await blobs.DeleteFolderAsync(Upload.FolderOf(upload.Id), CancellationToken.None);
        }
        catch (IOException exception)
        {
            logger.LogWarning("The parts of upload {UploadId} stay until it expires: {Reason}", upload.Id, exception.Message);
        }
        return null;
    }

    /// <summary>A refused original stays: whoever makes room may complete the upload, and what removes the upload removes it.</summary>
    private async Task<ReceivedImage> JoinAsync(Upload upload, CancellationToken cancellationToken)
    {
        ReceivePart.TryDeclaredType(Tus.ParseMetadata(upload.Metadata)!, out var declared);
        await using var parts = new PartsStream(blobs, await PartsAsync(db, upload.Id, cancellationToken));
        await using var original = blobs.Create(AcceptPhoto.SourceOf(upload.Id));
        var image = await new ImageReceiver(limits, original.Stream).ReceiveAsync(parts, declared, cancellationToken);
        if (image.Rejection is null)
            await original.CommitAsync(cancellationToken);
        return image;
    }

    /// <summary>What somebody else did with the upload: completed it (no problem) or removed it; null when it is as it was.</summary>
    private async Task<Ended?> EndedMeanwhileAsync(Upload upload, CancellationToken cancellationToken)
    {
        var now = await GetUpload.FindAsync(db, upload.Id, upload.OwnerId, cancellationToken);
        if (now is null)
        {
            // What was joined here after it was removed belongs to nobody.
            if (!await db.Photos.AnyAsync(photo => photo.Id == upload.Id, cancellationToken))
                await blobs.DeleteAsync(AcceptPhoto.SourceOf(upload.Id), cancellationToken);
            return new Ended(Tus.Problem(StatusCodes.Status404NotFound, "There is no such upload."));
        }
        upload.CompletedAt = now.CompletedAt;
        return now.CompletedAt is null ? null : new Ended(null);
    }

    private sealed record Ended(ProblemHttpResult? Problem);
}

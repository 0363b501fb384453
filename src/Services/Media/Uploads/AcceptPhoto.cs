using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using PhotoPlatform.Contracts;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Media.Photos;
using PhotoPlatform.Messaging.Outbox;

namespace PhotoPlatform.Media.Uploads;

/// <summary>What became of an original that was received whole.</summary>
/// <param name="Accepted">It is a photo now.</param>
/// <param name="Problem">Why not; null when somebody else has ended this upload meanwhile.</param>
internal sealed record Acceptance(bool Accepted, ProblemHttpResult? Problem);

/// <summary>Turns a received original into a photo: its row, its job, its event and its share of the quota in one transaction, whichever way it came.</summary>
internal sealed class AcceptPhoto(MediaDb db, Outbox<MediaDb> outbox, Quota quota, TimeProvider time)
{
    private const int UnfinishedForBulk = 20;
    private const string RenditionSetName = "standard";

    /// <summary>Where the original of a photo lies.</summary>
    internal static string SourceOf(Guid photoId) => $"originals/{photoId:D}";

    /// <param name="id">The photo's id; its original is in <see cref="SourceOf"/>, durable.</param>
    /// <param name="owner">Who sent it.</param>
    /// <param name="image">What came in, accepted by its header.</param>
    /// <param name="fields">What was said beside it, without errors.</param>
    /// <param name="together">Ends the upload in the same transaction; false when somebody else has done so.</param>
    /// <param name="cancellationToken">Ends the waiting, not the commit.</param>
    /// <exception cref="UncertainCommitException">Nobody knows whether it is a photo; its original must stay.</exception>
    internal async Task<Acceptance> AcceptAsync(Guid id, Guid owner, ReceivedImage image, ParsedFields fields, Func<MediaDb, Task<bool>> together, CancellationToken cancellationToken)
    {
        var lane = await LaneAsync(owner, cancellationToken);
        var source = SourceOf(id);
        var now = time.GetUtcNow();
        var (type, header) = (image.Header.Type, image.Header);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        db.Add(new Photo
        {
            Id = id,
            OwnerId = owner,
            Title = fields.Title,
            Visibility = fields.Visibility,
            Avatar = fields.Avatar,
            ContentType = Imaging.Formats.ImageTypes.ContentType(type),
            Bytes = image.Bytes,
            Sha256 = image.Sha256,
            Source = source,
            Width = header.Width,
            Height = header.Height,
            CreatedAt = now,
        });
        outbox.Send(lane, new ProcessPhoto(id, 1, source, RenditionSetName));
        outbox.Publish(new PhotoUploaded(id, owner, Imaging.Formats.ImageTypes.ContentType(type), image.Bytes, header.Width, header.Height, now));
        try
        {
            if (!await together(db))
                return new Acceptance(false, null);
            await db.SaveChangesAsync(CancellationToken.None);
            if (!await Owners.ReserveAsync(db, owner, image.Bytes, quota, CancellationToken.None))
                return new Acceptance(false, QuotaCheck.Refusal(await Owners.ReadAsync(db, owner, cancellationToken), image.Bytes, quota));
        }
        finally
        {
            // Whatever comes next in this request, it must not save these again.
            db.ChangeTracker.Clear();
        }
        try
        {
            await transaction.CommitAsync(CancellationToken.None);
        }
        catch (NpgsqlException exception)
        {
            throw new UncertainCommitException(exception);
        }
        return new Acceptance(true, null);
    }

    /// <summary>An owner with many unfinished photos must not keep others waiting.</summary>
    private async Task<string> LaneAsync(Guid owner, CancellationToken cancellationToken)
    {
        var unfinished = await db.Photos.Where(photo => photo.OwnerId == owner && photo.State == PhotoState.Pending).OrderBy(photo => photo.Id).Take(UnfinishedForBulk + 1).CountAsync(cancellationToken);
        return unfinished > UnfinishedForBulk ? PhotoQueues.Bulk : PhotoQueues.Interactive;
    }
}

/// <summary>The connection broke while the commit was under way.</summary>
internal sealed class UncertainCommitException(Exception inner) : Exception("Nobody knows whether the commit happened.", inner);

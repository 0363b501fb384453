using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Identity;

namespace PhotoPlatform.Media.Deletions;

/// <summary>
/// <c>POST /api/photos/deletions</c>: hides up to 100 of the caller's photos at once, from lists and delivery too, and removes them when the time to undo it is over.
/// All or none: one id that is not a photo of theirs is 404 for all, and the answer names none.
/// </summary>
internal static class DeletePhotos
{
    internal const int MaxPhotos = 100;
    internal static readonly TimeSpan UndoTime = TimeSpan.FromSeconds(10);

    /// <param name="Ids">1 to 100 photos.</param>
    internal sealed record Request(IReadOnlyList<Guid>? Ids);

    /// <param name="Id">What to undo.</param>
    /// <param name="Photos">How many photos.</param>
    /// <param name="UndoUntil">Until when.</param>
    internal sealed record Response(Guid Id, int Photos, DateTimeOffset UndoUntil);

    internal static async Task<Results<Accepted<Response>, NotFound, ValidationProblem>> HandleAsync(
        Request request, SignedInUser owner, MediaDb db, Outbox<MediaDb> outbox, TimeProvider time, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        errors.Check("ids", request.Ids is { Count: >= 1 and <= MaxPhotos }, $"Must be 1 to {MaxPhotos} ids of photos.");
        if (!errors.None)
            return errors.ToProblem();

        var ids = request.Ids!.Distinct().ToArray();
        var deletion = new Deletion { Id = PlatformId.New(time, PlatformId.BucketOf(owner.Id)), OwnerId = owner.Id, UndoUntil = time.GetUtcNow() + UndoTime };
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var locked = await db.Photos.FromSql($"SELECT * FROM photos WHERE id = ANY ({ids}) AND owner_id = {owner.Id} AND deletion_id IS NULL ORDER BY id DESC FOR UPDATE")
            .AsNoTracking().ToListAsync(cancellationToken);
        if (locked.Count < ids.Length)
            return TypedResults.NotFound();
        await db.Photos.Where(photo => ids.Contains(photo.Id)).ExecuteUpdateAsync(photo => photo.SetProperty(p => p.DeletionId, deletion.Id), cancellationToken);
        db.Add(deletion);
        outbox.Send(PurgePhotos.Queue, new PurgePhotos(deletion.Id), deletion.UndoUntil);
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.Accepted($"/api/photos/deletions/{deletion.Id:D}", new Response(deletion.Id, ids.Length, deletion.UndoUntil));
    }
}

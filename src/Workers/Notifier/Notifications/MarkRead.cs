using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Notifier.Data;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Identity;

namespace PhotoPlatform.Notifier.Notifications;

/// <summary>Marks notifications as read; doing so again changes nothing.</summary>
internal static class MarkRead
{
    /// <param name="UpTo">The id of the newest one that the user has seen.</param>
    internal sealed record Request(long? UpTo);

    /// <summary><c>POST /api/notifications/{id}/read</c>: one of the caller's.</summary>
    internal static async Task<Results<NoContent, NotFound>> OneAsync(long id, SignedInUser user, NotifierDb db, TimeProvider time, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var found = await db.Notifications.Where(row => row.UserId == user.Id && row.Id == id).ExecuteUpdateAsync(set => set.SetProperty(row => row.ReadAt, row => row.ReadAt ?? now), cancellationToken);
        return found == 0 ? TypedResults.NotFound() : TypedResults.NoContent();
    }

    /// <summary><c>POST /api/notifications/read</c>: all up to one.</summary>
    internal static async Task<Results<NoContent, ValidationProblem>> UpToAsync(Request request, SignedInUser user, NotifierDb db, TimeProvider time, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        errors.Check("upTo", request.UpTo > 0, "Must be the id of a notification.");
        if (!errors.None)
            return errors.ToProblem();
        var now = time.GetUtcNow();
        await db.Notifications.Where(row => row.UserId == user.Id && row.Id <= request.UpTo && row.ReadAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.ReadAt, now), cancellationToken);
        return TypedResults.NoContent();
    }
}

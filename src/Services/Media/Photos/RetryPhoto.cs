using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using PhotoPlatform.Contracts;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.ServiceDefaults.Identity;

namespace PhotoPlatform.Media.Photos;

/// <summary><c>POST /api/photos/{id}/retries</c>: has a failed photo processed anew, behind those that wait for the first time.</summary>
internal static class RetryPhoto
{
    /// <summary>For a photo, in one UTC day.</summary>
    internal const int MaxRetries = 10;

    private const string RenditionSetName = "standard";

    internal sealed record Response(Guid Id, string State);

    internal static async Task<Results<Accepted<Response>, NotFound, ProblemHttpResult>> HandleAsync(
        Guid id, HttpContext http, SignedInUser owner, MediaDb db, Outbox<MediaDb> outbox, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await db.LockOwnPhotoAsync(id, owner.Id, cancellationToken) is not { } photo)
            return TypedResults.NotFound();
        if (photo.State != PhotoState.Failed)
            return TypedResults.Problem(statusCode: StatusCodes.Status409Conflict, detail: "Only a failed photo can be processed anew.");

        var now = time.GetUtcNow().UtcDateTime;
        var today = DateOnly.FromDateTime(now);
        var retries = photo.RetriedOn == today ? photo.Retries : 0;
        if (retries >= MaxRetries)
        {
            http.Response.Headers.RetryAfter = Math.Ceiling((now.Date.AddDays(1) - now).TotalSeconds).ToString(CultureInfo.InvariantCulture);
            return TypedResults.Problem(statusCode: StatusCodes.Status429TooManyRequests, detail: $"The photo was processed anew {MaxRetries} times today: try again tomorrow.");
        }
        (photo.State, photo.Reason, photo.RetriedOn, photo.Retries) = (PhotoState.Pending, null, today, retries + 1);
        outbox.Send(PhotoQueues.Bulk, new ProcessPhoto(photo.Id, photo.Version, photo.Source, RenditionSetName));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.Accepted($"/api/photos/{photo.Id:D}", new Response(photo.Id, "pending"));
    }
}

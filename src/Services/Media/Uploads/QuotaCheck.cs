using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using PhotoPlatform.Media.Data;
using PhotoPlatform.ServiceDefaults.Identity;

namespace PhotoPlatform.Media.Uploads;

/// <summary>Whether an owner may store more, and how it is said. Over the quota is 403: the request is in order, and the same one may succeed when photos were deleted.</summary>
internal static class QuotaCheck
{
    internal const string ExceededCode = "quota-exceeded";
    internal const string ClosedCode = "account-closed";

    internal sealed record Response(int PhotosUsed, int PhotosAllowed, long BytesUsed, long BytesAllowed);

    /// <summary><c>GET /api/photos/quota</c>: what the caller's photos take, and what they may.</summary>
    internal static async Task<Ok<Response>> HandleAsync(SignedInUser user, MediaDb db, Quota quota, CancellationToken cancellationToken)
    {
        var owner = await Owners.ReadAsync(db, user.Id, cancellationToken);
        return TypedResults.Ok(new Response(owner.Photos, quota.Photos, owner.Bytes, quota.Bytes));
    }

    /// <summary>The refusal of one more photo of this size, or null. Early, before a body is read: what counts is <see cref="Owners.ReserveAsync"/>.</summary>
    internal static async Task<ProblemHttpResult?> CheckAsync(MediaDb db, Guid ownerId, long bytes, Quota quota, CancellationToken cancellationToken)
    {
        var owner = await Owners.ReadAsync(db, ownerId, cancellationToken);
        return owner.ClosedAt is not null || owner.Photos + 1 > quota.Photos || owner.Bytes + bytes > quota.Bytes ? Refusal(owner, bytes, quota) : null;
    }

    /// <summary>The answer to a photo of this size that was not taken.</summary>
    internal static ProblemHttpResult Refusal(Owner owner, long bytes, Quota quota) => owner.ClosedAt is not null
        ? TypedResults.Problem(statusCode: StatusCodes.Status403Forbidden, detail: "This account was deleted.", extensions: new Dictionary<string, object?> { ["code"] = ClosedCode })
        : TypedResults.Problem(
            statusCode: StatusCodes.Status403Forbidden,
            detail: string.Create(CultureInfo.InvariantCulture,
                $"Your {owner.Photos} photos take {owner.Bytes} bytes; {quota.Photos} photos and {quota.Bytes} bytes are allowed, and this one would take {bytes}. Delete some first."),
            extensions: new Dictionary<string, object?>
            {
                ["code"] = ExceededCode,
                ["photosUsed"] = owner.Photos,
                ["photosAllowed"] = quota.Photos,
                ["bytesUsed"] = owner.Bytes,
                ["bytesAllowed"] = quota.Bytes,
            });
}

using Microsoft.AspNetCore.Http.HttpResults;
using PhotoPlatform.Contracts;
using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Media.Uploads;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Storage;

namespace PhotoPlatform.Media.Photos;

/// <summary>
/// <c>POST /api/photos</c>: takes an image as the body, or in the field <c>photo</c> of a multipart form. With an <c>Idempotency-Key</c> the same upload sent again is
/// answered as the first time, also when the photo was deleted since.
/// </summary>
internal sealed class UploadPhoto(MediaDb db, AcceptPhoto accept, IdempotencyKeys keys, IBlobStore blobs, ImageLimits limits, Quota quota, TimeProvider time)
{
    /// <summary>The code of a key that was used for another upload.</summary>
    internal const string KeyReusedCode = "idempotency-key-reused";

    /// <summary>The code of a key whose first request has not ended.</summary>
    internal const string KeyInUseCode = "idempotency-key-in-use";

    /// <summary>Room for what stands around the image in a form.</summary>
    private const long FormOverhead = 64 * 1024;
    private const string RetryAfterSeconds = "5";

    internal sealed record Response(Guid Id, string State);

    internal static Task<Results<Accepted<Response>, ProblemHttpResult, ValidationProblem>> HandleAsync(HttpRequest request, SignedInUser owner, UploadPhoto upload, CancellationToken cancellationToken) =>
        upload.TakeAsync(request, owner.Id, cancellationToken);

    private async Task<Results<Accepted<Response>, ProblemHttpResult, ValidationProblem>> TakeAsync(HttpRequest request, Guid owner, CancellationToken cancellationToken)
    {
        var atLeast = Math.Max(0, (request.ContentLength ?? 0) - (UploadForm.IsForm(request) ? FormOverhead : 0));
        if (limits.CheckLength(atLeast) is { } tooLong)
            return Refusal.Of(tooLong);
        if (!IdempotencyKeys.TryRead(request, out var key))
            return WrongKey();

        await using var claim = key is null ? null : await keys.ClaimAsync(owner, key, cancellationToken);
        if (key is not null && claim is null)
            return KeyInUse(request);
        if (claim?.Answer is { } answer)
            return await RepeatAsync(request, answer, cancellationToken);
        if (await QuotaCheck.CheckAsync(db, owner, atLeast, quota, cancellationToken) is { } overQuota)
            return overQuota;
        await blobs.EnsureSpaceAsync(atLeast, cancellationToken);

        var id = PlatformId.New(time, PlatformId.BucketOf(owner));
        var source = AcceptPhoto.SourceOf(id);
        await using var blob = blobs.Create(source);
        var form = await UploadForm.ReadAsync(request, new ImageReceiver(limits, blob.Stream), cancellationToken);
        if (form.Problem is { } problem)
            return problem;
        if (form.Image.Rejection is { } rejection)
            return Refusal.Of(rejection);
        var fields = form.Fields.Parse();
        if (!fields.Errors.None)
            return fields.Errors.ToProblem();

        await blob.CommitAsync(cancellationToken);
        var hash = IdempotencyKeys.HashOf(form.Image.Sha256, fields);
        Acceptance acceptance;
        try
        {
            acceptance = await accept.AcceptAsync(id, owner, form.Image, fields, async within => claim is null || await claim.AnswerAsync(within, hash, id), cancellationToken);
        }
        catch (Exception exception) when (exception is not UncertainCommitException)
        {
            await blobs.DeleteAsync(source, CancellationToken.None);
            throw;
        }
        if (acceptance.Accepted)
            return Answer(id);
        await blobs.DeleteAsync(source, CancellationToken.None);
        if (acceptance.Problem is { } refused)
            return refused;
        return await keys.AnswerAsync(owner, key!, cancellationToken) is { } others ? Repeat(others, hash) : KeyInUse(request);
    }

    /// <summary>Reads what came and stores nothing: it must be what came the first time.</summary>
    private async Task<Results<Accepted<Response>, ProblemHttpResult, ValidationProblem>> RepeatAsync(HttpRequest request, KeyAnswer answer, CancellationToken cancellationToken)
    {
        var form = await UploadForm.ReadAsync(request, new ImageReceiver(limits, Stream.Null), cancellationToken);
        if (form.Problem is { } problem)
            return problem;
        var fields = form.Fields.Parse();
        return form.Image.Rejection is null && fields.Errors.None ? Repeat(answer, IdempotencyKeys.HashOf(form.Image.Sha256, fields)) : KeyReused();
    }

    private static Results<Accepted<Response>, ProblemHttpResult, ValidationProblem> Repeat(KeyAnswer answer, byte[] hash) =>
        answer.RequestHash.AsSpan().SequenceEqual(hash) ? Answer(answer.PhotoId) : KeyReused();

    private static Accepted<Response> Answer(Guid id) => TypedResults.Accepted($"/api/photos/{id:D}", new Response(id, "pending"));

    private static ValidationProblem WrongKey()
    {
        var errors = new FieldErrors();
        errors.Check(IdempotencyKeys.Header, false, $"Must be 1 to {IdempotencyKey.MaxLength} visible ASCII characters.");
        return errors.ToProblem();
    }

    private static ProblemHttpResult KeyInUse(HttpRequest request)
    {
        request.HttpContext.Response.Headers.RetryAfter = RetryAfterSeconds;
        return TypedResults.Problem(
            statusCode: StatusCodes.Status409Conflict, detail: "Another request with this Idempotency-Key has not ended.", extensions: new Dictionary<string, object?> { ["code"] = KeyInUseCode });
    }

    private static ProblemHttpResult KeyReused() => TypedResults.Problem(
        statusCode: StatusCodes.Status422UnprocessableEntity, detail: "This Idempotency-Key was used for another upload.", extensions: new Dictionary<string, object?> { ["code"] = KeyReusedCode });
}

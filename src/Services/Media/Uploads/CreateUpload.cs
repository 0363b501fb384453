using System.Globalization;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.Media.Data;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Storage;

namespace PhotoPlatform.Media.Uploads;

/// <summary><c>POST /api/uploads</c>: starts a resumable upload (tus: creation, creation-with-upload). What cannot become a photo is refused here, before a byte is sent.</summary>
internal static class CreateUpload
{
    internal const string TooManyCode = "too-many-uploads";
    private const int MaxUnfinished = 20;
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    internal static async Task<IResult> HandleAsync(
        HttpRequest request, SignedInUser owner, MediaDb db, ReceivePart receive, IBlobStore blobs, ImageLimits limits, Quota quota, TimeProvider time, CancellationToken cancellationToken)
    {
        var metadata = request.Headers[Tus.MetadataHeader].ToString();
        var pairs = Tus.ParseMetadata(metadata);
        var length = Tus.BytesOf(request, Tus.LengthHeader);
        var errors = new FieldErrors();
        errors.Check(Tus.LengthHeader, length is not null, "Must be the length of the whole image in bytes.");
        errors.Check(Tus.MetadataHeader, pairs is not null, $"Must be pairs of a key and base64 of UTF-8, at most {Upload.MaxMetadata} characters.");
        if (length is null || pairs is null)
            return errors.ToProblem();
        var fields = Tus.FieldsOf(pairs).Parse();
        if (!fields.Errors.None)
            return fields.Errors.ToProblem();
        if ((length == 0 ? Rejection.UnsupportedType : limits.CheckLength(length.Value)) is { } rejection)
            return Refusal.Of(rejection);
        if (!ReceivePart.TryDeclaredType(pairs, out _))
            return Tus.Problem(StatusCodes.Status415UnsupportedMediaType, $"'{pairs[ReceivePart.TypeKey]}' is not accepted: send image/jpeg, image/png, image/webp or image/gif.");
        if (await QuotaCheck.CheckAsync(db, owner.Id, length.Value, quota, cancellationToken) is { } overQuota)
            return overQuota;
        await blobs.EnsureSpaceAsync(length.Value, cancellationToken);

        var now = time.GetUtcNow();
        var upload = new Upload
        {
            Id = PlatformId.New(time, PlatformId.BucketOf(owner.Id)),
            OwnerId = owner.Id,
            Length = length.Value,
            Metadata = metadata,
            CreatedAt = now,
            ReceivedAt = now,
            ExpiresAt = now + Lifetime,
        };
        if (await AddAsync(db, upload, cancellationToken) is { } refusal)
            return refusal;
        if (Tus.IsPart(request) && await receive.TakeAsync(upload, request, cancellationToken) is { } problem)
            return problem;
        Tus.Describe(request.HttpContext.Response, upload);
        return TypedResults.Created($"/api/uploads/{upload.Id:D}");
    }

    /// <summary>One creation of an owner at a time, so that their number is exact, and none after the account is closed.</summary>
    private static async Task<IResult?> AddAsync(MediaDb db, Upload upload, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await RemoveUploads.LockOwnerAsync(db, upload.OwnerId, cancellationToken);
        if (await db.Owners.AnyAsync(owner => owner.UserId == upload.OwnerId && owner.ClosedAt != null, cancellationToken))
            return Tus.Problem(StatusCodes.Status403Forbidden, "This account was deleted.", QuotaCheck.ClosedCode);
        var unfinished = await db.Set<Upload>().Where(other => other.OwnerId == upload.OwnerId && other.CompletedAt == null && other.ExpiresAt > upload.CreatedAt).Take(MaxUnfinished).CountAsync(cancellationToken);
        if (unfinished >= MaxUnfinished)
            return Tus.Problem(StatusCodes.Status429TooManyRequests, string.Create(CultureInfo.InvariantCulture, $"You have {MaxUnfinished} unfinished uploads: finish or end some first."), TooManyCode);
        db.Add(upload);
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        db.ChangeTracker.Clear();
        return null;
    }
}

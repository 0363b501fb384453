using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using PhotoPlatform.Contracts;
using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Storage;

namespace PhotoPlatform.Media.Photos;

/// <summary><c>POST /api/photos</c>: takes an image as the body, or in the field <c>photo</c> of a multipart form.</summary>
internal static class UploadPhoto
{
    private const int UnfinishedForBulk = 20;

    /// <summary>Room for what stands around the image in a form.</summary>
    private const long FormOverhead = 64 * 1024;
    private const string RenditionSetName = "standard";

    internal sealed record Response(Guid Id, string State);

    internal static async Task<Results<Accepted<Response>, ProblemHttpResult, ValidationProblem>> HandleAsync(
        HttpRequest request, SignedInUser owner, MediaDb db, Outbox<MediaDb> outbox, IBlobStore blobs, ImageLimits limits, TimeProvider time, CancellationToken cancellationToken)
    {
        if (request.ContentLength is { } length && limits.CheckLength(UploadForm.IsForm(request) ? length - FormOverhead : length) is { } tooLong)
            return Refused(tooLong);

        var id = PlatformId.New(time, PlatformId.BucketOf(owner.Id));
        var source = $"originals/{id:D}";
        await using var blob = blobs.Create(source);
        var form = await UploadForm.ReadAsync(request, new ImageReceiver(limits, blob.Stream), cancellationToken);
        if (form.Problem is { } problem)
            return problem;
        if (form.Image.Rejection is { } rejection)
            return Refused(rejection);
        var details = PhotoDetails.Parse(form.Title, form.Visibility);
        if (!details.Errors.None)
            return details.Errors.ToProblem();

        var lane = await LaneAsync(db, owner.Id, cancellationToken);
        await blob.CommitAsync(cancellationToken);
        var image = form.Image;
        db.Add(new Photo
        {
            Id = id,
            OwnerId = owner.Id,
            Title = details.Title,
            Visibility = details.Visibility,
            ContentType = image.Header.Type.ContentType(),
            Bytes = image.Bytes,
            Sha256 = image.Sha256,
            Source = source,
            Width = image.Header.Width,
            Height = image.Header.Height,
            CreatedAt = time.GetUtcNow(),
        });
        outbox.Send(lane, new ProcessPhoto(id, 1, source, RenditionSetName));
        try
        {
            await db.SaveChangesAsync(CancellationToken.None);
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException)
        {
            // Refused for certain. After a broken connection the row may be there, and must find its blob.
            await blobs.DeleteAsync(source, CancellationToken.None);
            throw;
        }
        return TypedResults.Accepted($"/api/photos/{id:D}", new Response(id, "pending"));
    }

    /// <summary>An owner with many unfinished photos must not keep others waiting.</summary>
    private static async Task<string> LaneAsync(MediaDb db, Guid owner, CancellationToken cancellationToken)
    {
        var unfinished = await db.Photos.Where(photo => photo.OwnerId == owner && photo.State == PhotoState.Pending).OrderBy(photo => photo.Id).Take(UnfinishedForBulk + 1).CountAsync(cancellationToken);
        return unfinished > UnfinishedForBulk ? PhotoQueues.Bulk : PhotoQueues.Interactive;
    }

    private static ProblemHttpResult Refused(Rejection rejection) => TypedResults.Problem(
        statusCode: rejection.Code switch
        {
            Rejection.UnsupportedTypeCode or UploadForm.TypeMismatchCode => StatusCodes.Status415UnsupportedMediaType,
            Rejection.TooManyBytesCode => StatusCodes.Status413PayloadTooLarge,
            _ => StatusCodes.Status422UnprocessableEntity,
        },
        detail: rejection.Sentence,
        extensions: new Dictionary<string, object?> { ["code"] = rejection.Code });
}

using System.Buffers;
using System.Runtime.ExceptionServices;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Media.Photos;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Storage;

namespace PhotoPlatform.Media.Uploads;

/// <summary>
/// <c>PATCH /api/uploads/{id}</c>: the next part of a resumable upload. It becomes a blob of its own and is acknowledged when the blob is durable and the offset moved;
/// of two at one offset one moves it. Nothing is locked while a body streams.
/// </summary>
internal sealed class ReceivePart(MediaDb db, IBlobStore blobs, CompleteUpload complete, ImageLimits limits, TimeProvider time)
{
    internal const string TypeKey = "filetype";
    internal const string TooManyPartsCode = "too-many-parts";

    /// <summary>Every part is a row and a blob.</summary>
    private const int MaxParts = 1000;
    private const int BufferBytes = 64 * 1024;

    internal static Task<IResult> HandleAsync(Guid id, HttpContext http, SignedInUser owner, ReceivePart receive, CancellationToken cancellationToken) =>
        receive.HandleAsync(id, http, owner.Id, cancellationToken);

    /// <summary>The image type that the metadata name, or null for none; false when it is none of ours.</summary>
    internal static bool TryDeclaredType(Dictionary<string, string> metadata, out ImageType? type)
    {
        var said = metadata.GetValueOrDefault(TypeKey);
        type = ImageTypes.FromContentType(said);
        return type is not null || said is null or "" or "application/octet-stream";
    }

    private async Task<IResult> HandleAsync(Guid id, HttpContext http, Guid owner, CancellationToken cancellationToken)
    {
        if (!Tus.IsPart(http.Request))
            return Tus.Problem(StatusCodes.Status415UnsupportedMediaType, $"Send a part as {Tus.PartType}.");
        if (Tus.BytesOf(http.Request, Tus.OffsetHeader) is not { } offset)
            return Tus.Problem(StatusCodes.Status400BadRequest, $"Send the header {Tus.OffsetHeader}: a number of bytes.");
        var upload = await GetUpload.FindAsync(db, id, owner, cancellationToken);
        if (GetUpload.NotThere(upload, time) is { } missing)
            return missing;
        if (upload!.Received != offset)
            return Elsewhere(http.Response, upload);
        if (await TakeAsync(upload, http.Request, cancellationToken) is { } problem)
            return problem;
        Tus.Describe(http.Response, upload);
        return TypedResults.NoContent();
    }

    /// <summary>Takes a request's body as the upload's next part; the last one completes it.</summary>
    /// <returns>Why it was not taken; null when the upload has moved on.</returns>
    internal async Task<ProblemHttpResult?> TakeAsync(Upload upload, HttpRequest request, CancellationToken cancellationToken)
    {
        var left = upload.Length - upload.Received;
        if (request.ContentLength > left)
            return TooLong(upload);
        if (left > 0)
        {
            if (upload.Parts >= MaxParts)
                return Tus.Problem(StatusCodes.Status400BadRequest, $"The upload came in more than {MaxParts} parts: begin again, and send larger ones.", TooManyPartsCode);
            await blobs.EnsureSpaceAsync(request.ContentLength ?? 0, cancellationToken);
            try
            {
                if (await StoreAsync(upload, request, left, cancellationToken) is { } problem)
                    return problem;
            }
            catch (MissingPartException)
            {
                return await LostAsync(upload, request.HttpContext.Response, cancellationToken);
            }
        }
        return upload.Received == upload.Length && upload.CompletedAt is null ? await complete.CompleteAsync(upload, cancellationToken) : null;
    }

    /// <summary>The body as a blob, and the offset behind it. Throws what broke the body off, after storing what came before.</summary>
    private async Task<ProblemHttpResult?> StoreAsync(Upload upload, HttpRequest request, long left, CancellationToken cancellationToken)
    {
        var key = $"{Upload.FolderOf(upload.Id)}/{upload.Received}-{Guid.NewGuid():N}";
        await using var blob = blobs.Create(key);
        var (taken, broken, problem) = await StreamAsync(upload, request.Body, blob.Stream, left, cancellationToken);
        if (problem is not null)
            return problem;
        if (taken > 0)
        {
            // Also when the client has gone: what arrived need not be sent again.
            await blob.CommitAsync(CancellationToken.None);
            if (!await AcknowledgeAsync(upload, key, taken))
            {
                await blobs.DeleteAsync(key, CancellationToken.None);
                return await LostAsync(upload, request.HttpContext.Response, cancellationToken);
            }
            upload.Received += taken;
        }
        broken?.Throw();
        return null;
    }

    /// <summary>Stores the body until it ends or breaks off. The image's header decides as soon as it is there: a wrong one ends the upload.</summary>
    private async Task<(long Taken, ExceptionDispatchInfo? Broken, ProblemHttpResult? Problem)> StreamAsync(Upload upload, Stream body, Stream blob, long left, CancellationToken cancellationToken)
    {
        TryDeclaredType(Tus.ParseMetadata(upload.Metadata)!, out var declared);
        using var prefix = new MemoryStream();
        var decided = await DecidedBeforeAsync(upload, declared, prefix, cancellationToken);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            for (var taken = 0L; ;)
            {
                int read;
                try
                {
                    // One byte more than may come, to see whether it does.
                    read = await body.ReadAsync(buffer.AsMemory(0, (int)Math.Min(BufferBytes, left - taken + 1)), cancellationToken);
                }
                catch (Exception exception) when (exception is IOException or OperationCanceledException)
                {
                    return (taken, ExceptionDispatchInfo.Capture(exception), null);
                }
                if (read == 0)
                    return (taken, null, null);
                taken += read;
                if (taken > left)
                    return (0, null, TooLong(upload));
                if (!decided)
                {
                    prefix.Write(buffer, 0, read);
                    var verdict = HeaderCheck.Of(prefix.GetBuffer().AsSpan(0, (int)prefix.Length), upload.Received + taken == upload.Length, limits, declared);
                    if (verdict.Rejection is { } rejection)
                    {
                        await RemoveUploads.RemoveAsync(db, blobs, upload.Id, cancellationToken);
                        return (0, null, Refusal.Of(rejection));
                    }
                    decided = verdict.Decided;
                }
                await blob.WriteAsync(buffer.AsMemory(0, read), CancellationToken.None);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Whether the earlier parts have the whole header; if not, it is gathered in <paramref name="prefix"/>.</summary>
    private async Task<bool> DecidedBeforeAsync(Upload upload, ImageType? declared, MemoryStream prefix, CancellationToken cancellationToken)
    {
        if (upload.Received >= HeaderCheck.MaxPrefix)
            return true;
        if (upload.Received == 0)
            return false;
        await using var before = new PartsStream(blobs, await CompleteUpload.PartsAsync(db, upload.Id, cancellationToken));
        await before.CopyToAsync(prefix, cancellationToken);
        return HeaderCheck.Of(prefix.GetBuffer().AsSpan(0, (int)prefix.Length), endOfFile: false, limits, declared).Decided;
    }

    private async Task<bool> AcknowledgeAsync(Upload upload, string key, long bytes)
    {
        var now = time.GetUtcNow();
        return await db.Database.ExecuteSqlAsync($"""
            WITH moved AS (
                UPDATE uploads SET received = received + {bytes}, parts = parts + 1, received_at = {now}
                WHERE id = {upload.Id} AND received = {upload.Received} AND completed_at IS NULL AND expires_at > {now} AND parts < {MaxParts} RETURNING id)
            INSERT INTO upload_parts (upload_id, start, bytes, key) SELECT id, {upload.Received}, {bytes}, {key} FROM moved
            """, CancellationToken.None) == 1;
    }

    /// <summary>Somebody else has moved, ended or completed the upload meanwhile.</summary>
    private async Task<ProblemHttpResult> LostAsync(Upload upload, HttpResponse response, CancellationToken cancellationToken) =>
        await GetUpload.FindAsync(db, upload.Id, upload.OwnerId, cancellationToken) is { } now
            ? Elsewhere(response, now)
            : Tus.Problem(StatusCodes.Status404NotFound, "There is no such upload.");

    private static ProblemHttpResult Elsewhere(HttpResponse response, Upload upload)
    {
        Tus.Describe(response, upload);
        return Tus.Problem(StatusCodes.Status409Conflict, $"The upload stands at {upload.Received} of {upload.Length} bytes.");
    }

    private static ProblemHttpResult TooLong(Upload upload) =>
        Tus.Problem(StatusCodes.Status413PayloadTooLarge, $"The upload stands at {upload.Received} of {upload.Length} bytes: this part would go beyond its end.");
}

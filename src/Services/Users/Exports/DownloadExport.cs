using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Net.Http.Headers;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Storage;
using PhotoPlatform.Users.Data;

namespace PhotoPlatform.Users.Exports;

/// <summary><c>GET</c> and <c>HEAD /api/users/me/exports/{id}/file</c>: the archive, whole or one range of it, so that an interrupted download goes on where it was.</summary>
internal static class DownloadExport
{
    internal static async Task<Results<ArchiveResult, NotFound, ProblemHttpResult>> HandleAsync(
        Guid id, SignedInUser caller, UsersDb db, IBlobStore blobs, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await db.Exports.AsNoTracking().SingleOrDefaultAsync(export => export.Id == id && export.UserId == caller.Id, cancellationToken) is not { } export)
            return TypedResults.NotFound();
        if (export.State == ExportState.Expired || (export.State == ExportState.Ready && export.ExpiresAt <= time.GetUtcNow()))
            return TypedResults.Problem(statusCode: StatusCodes.Status410Gone, detail: "This export has expired. Ask for another one.");
        if (export is not { State: ExportState.Ready, BlobKey: { } key, Bytes: { } bytes })
            return TypedResults.Problem(statusCode: StatusCodes.Status409Conflict, detail: "This export is not ready.");
        return new ArchiveResult(blobs, key, bytes, $"photoplatform-export-{export.CreatedAt:yyyy-MM-dd}.zip");
    }
}

/// <summary>Sends a blob as an attachment (RFC 9110, sections 13 and 14). Its key is new for each archive, so it makes a strong entity tag.</summary>
internal sealed class ArchiveResult(IBlobStore blobs, string key, long bytes, string fileName) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var (request, response) = (httpContext.Request, httpContext.Response);
        var tag = new EntityTagHeaderValue($"\"{Path.GetFileNameWithoutExtension(key)}\"");
        var headers = response.GetTypedHeaders();
        headers.ETag = tag;
        headers.CacheControl = new CacheControlHeaderValue { Private = true, NoCache = true };
        response.Headers.AcceptRanges = "bytes";
        response.Headers.XContentTypeOptions = "nosniff";
        if (request.GetTypedHeaders().IfNoneMatch.Any(known => known.Equals(EntityTagHeaderValue.Any) || known.Compare(tag, useStrongComparison: false)))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        var (from, length) = (0L, bytes);
        if (RangeOf(request, tag) is { } range)
        {
            (from, length) = Slice(range, bytes);
            if (length <= 0)
            {
                headers.ContentRange = new ContentRangeHeaderValue(bytes);
                await TypedResults.Problem(statusCode: StatusCodes.Status416RangeNotSatisfiable).ExecuteAsync(httpContext);
                return;
            }
            headers.ContentRange = new ContentRangeHeaderValue(from, from + length - 1, bytes);
            response.StatusCode = StatusCodes.Status206PartialContent;
        }
        await using var stream = await blobs.OpenReadAsync(key, from, length, httpContext.RequestAborted);
        if (stream is null)
        {
            headers.ContentRange = null;
            await TypedResults.Problem(statusCode: StatusCodes.Status410Gone, detail: "This export is gone. Ask for another one.").ExecuteAsync(httpContext);
            return;
        }
        response.ContentType = "application/zip";
        response.ContentLength = length;
        headers.ContentDisposition = new ContentDispositionHeaderValue("attachment") { FileName = fileName };
        if (!HttpMethods.IsHead(request.Method))
            await stream.CopyToAsync(response.Body, httpContext.RequestAborted);
    }

    /// <summary>The range that was asked for; null when there is none, several (a server may answer them with the whole), or the client has another archive's beginning.</summary>
    private static RangeItemHeaderValue? RangeOf(HttpRequest request, EntityTagHeaderValue tag)
    {
        var headers = request.GetTypedHeaders();
        if (!HttpMethods.IsGet(request.Method) || headers.Range is not { Ranges: { Count: 1 } ranges } range || !range.Unit.Equals("bytes", StringComparison.OrdinalIgnoreCase))
            return null;
        var same = request.Headers.IfRange.Count == 0 || (headers.IfRange?.EntityTag is { } known && known.Compare(tag, useStrongComparison: true));
        return same ? ranges.Single() : null;
    }

    private static (long From, long Length) Slice(RangeItemHeaderValue range, long bytes)
    {
        var from = range.From ?? Math.Max(0, bytes - range.To!.Value);
        var to = range.From is null ? bytes - 1 : Math.Min(range.To ?? long.MaxValue, bytes - 1);
        return (from, to - from + 1);
    }
}

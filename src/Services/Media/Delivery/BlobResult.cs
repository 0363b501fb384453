using Microsoft.AspNetCore.Http.Headers;
using Microsoft.Net.Http.Headers;
using PhotoPlatform.Storage;

namespace PhotoPlatform.Media.Delivery;

/// <summary>
/// Answers with a blob: conditions and ranges as in RFC 9110, sections 13 and 14. One range is honoured; several are answered with the whole, as section 14.2 allows,
/// since many of them are an attack. The bytes pass through one small buffer for each request, at the speed of its reader.
/// </summary>
/// <param name="blobs">Where it lies.</param>
/// <param name="key">Which one.</param>
/// <param name="length">Its size in bytes.</param>
/// <param name="contentType">What it is.</param>
/// <param name="etag">Its strong tag, without quotes.</param>
/// <param name="caching">The Cache-Control of an answer that has it.</param>
internal sealed class BlobResult(IBlobStore blobs, string key, long length, string contentType, string etag, string caching) : IResult
{
    private const int BufferBytes = 32 * 1024;

    public async Task ExecuteAsync(HttpContext http)
    {
        var (request, response) = (http.Request.GetTypedHeaders(), http.Response);
        var tag = new EntityTagHeaderValue($"\"{etag}\"");
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.ContentSecurityPolicy = "default-src 'none'; sandbox";
        response.Headers.AcceptRanges = "bytes";
        response.Headers.ETag = tag.ToString();
        if (EntityTags.IfMatchFails(http.Request, tag))
        {
            response.StatusCode = StatusCodes.Status412PreconditionFailed;
            return;
        }
        if (EntityTags.IfNoneMatchFails(http.Request, tag))
        {
            response.Headers.CacheControl = caching;
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        var part = HttpMethods.IsGet(http.Request.Method) && IsRangeValid(request, tag) ? ByteRange.Of(request.Range, length) : null;
        if (part is { Length: 0 })
        {
            response.StatusCode = StatusCodes.Status416RangeNotSatisfiable;
            response.Headers.ContentRange = new ContentRangeHeaderValue(length).ToString();
            return;
        }
        var (offset, count) = part ?? new ByteRange(0, length);
        await using var stream = HttpMethods.IsHead(http.Request.Method) ? Stream.Null : await blobs.OpenReadAsync(key, offset, count, http.RequestAborted);
        if (stream is null)
        {
            response.Headers.Remove(HeaderNames.ETag);
            response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        if (part is not null)
        {
            response.StatusCode = StatusCodes.Status206PartialContent;
            response.Headers.ContentRange = new ContentRangeHeaderValue(offset, offset + count - 1, length).ToString();
        }
        (response.ContentType, response.ContentLength, response.Headers.CacheControl) = (contentType, count, caching);
        try
        {
            await stream.CopyToAsync(response.Body, BufferBytes, http.RequestAborted);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The reader has left.
        }
    }

    /// <summary>Whether the range is meant for these bytes: If-Range asks for them by their tag; a date cannot be ours, for none is sent.</summary>
    private static bool IsRangeValid(RequestHeaders request, EntityTagHeaderValue tag) =>
        request.Headers.IfRange.Count == 0 || request.IfRange?.EntityTag?.Compare(tag, useStrongComparison: true) == true;
}

/// <summary>A part of a blob, in bytes; of length 0 when what was asked for lies outside.</summary>
internal sealed record ByteRange(long Offset, long Length)
{
    /// <summary>The one range that is asked for, or null when it is none, or several.</summary>
    internal static ByteRange? Of(RangeHeaderValue? header, long length)
    {
        if (header is not { Ranges.Count: 1 } || !header.Unit.Equals("bytes", StringComparison.OrdinalIgnoreCase))
            return null;
        var range = header.Ranges.First();
        if (range.From is not { } from)
        {
            var last = Math.Min(range.To ?? 0, length);
            return new ByteRange(length - last, last);
        }
        return from >= length ? new ByteRange(0, 0) : new ByteRange(from, Math.Min(range.To ?? length, length - 1) - from + 1);
    }
}

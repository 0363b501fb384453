using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Headers;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace PhotoPlatform.ServiceDefaults.Http;

/// <summary>Opens some of the bytes; null when they are gone. The caller disposes the stream.</summary>
/// <param name="offset">Of the first byte.</param>
/// <param name="length">How many.</param>
/// <param name="cancellationToken">Ends the opening.</param>
public delegate Task<Stream?> OpenBytes(long offset, long length, CancellationToken cancellationToken);

/// <summary>
/// Answers with bytes that never change: conditions and ranges as in RFC 9110, sections 13 and 14. One range is honoured; several are answered with the whole, as section 14.2
/// allows, since many of them are an attack. The bytes pass through one small buffer for each request, at the speed of its reader.
/// </summary>
/// <param name="open">Opens them.</param>
/// <param name="length">How many there are.</param>
/// <param name="contentType">What they are.</param>
/// <param name="etag">Their strong tag, without quotes.</param>
/// <param name="caching">The Cache-Control of an answer that has them.</param>
public sealed class RangedResult(OpenBytes open, long length, string contentType, string etag, string caching) : IResult
{
    private const int BufferBytes = 32 * 1024;

    /// <summary>The name to save them under; null when they are to be shown.</summary>
    public string? FileName { get; init; }

    /// <summary>The answer when they are gone.</summary>
    public IResult Gone { get; init; } = TypedResults.NotFound();

    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var (request, response) = (httpContext.Request.GetTypedHeaders(), httpContext.Response);
        var tag = new EntityTagHeaderValue($"\"{etag}\"");
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.ContentSecurityPolicy = "default-src 'none'; sandbox";
        response.Headers.AcceptRanges = "bytes";
        response.Headers.ETag = tag.ToString();
        if (Conditions.IfMatchFails(httpContext.Request, tag))
        {
            response.StatusCode = StatusCodes.Status412PreconditionFailed;
            return;
        }
        if (Conditions.IfNoneMatchFails(httpContext.Request, tag))
        {
            response.Headers.CacheControl = caching;
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        var part = HttpMethods.IsGet(httpContext.Request.Method) && IsRangeValid(request, tag) ? ByteRange.Of(request.Range, length) : null;
        if (part is { Length: 0 })
        {
            response.StatusCode = StatusCodes.Status416RangeNotSatisfiable;
            response.Headers.ContentRange = new ContentRangeHeaderValue(length).ToString();
            return;
        }
        var (offset, count) = part ?? new ByteRange(0, length);
        await using var stream = HttpMethods.IsHead(httpContext.Request.Method) ? Stream.Null : await open(offset, count, httpContext.RequestAborted);
        if (stream is null)
        {
            response.Headers.Remove(HeaderNames.ETag);
            await Gone.ExecuteAsync(httpContext);
            return;
        }
        if (part is not null)
        {
            response.StatusCode = StatusCodes.Status206PartialContent;
            response.Headers.ContentRange = new ContentRangeHeaderValue(offset, offset + count - 1, length).ToString();
        }
        if (FileName is not null)
            response.Headers.ContentDisposition = new ContentDispositionHeaderValue("attachment") { FileName = FileName }.ToString();
        (response.ContentType, response.ContentLength, response.Headers.CacheControl) = (contentType, count, caching);
        try
        {
            await stream.CopyToAsync(response.Body, BufferBytes, httpContext.RequestAborted);
        }
        catch (OperationCanceledException) when (httpContext.RequestAborted.IsCancellationRequested)
        {
            // The reader has left.
        }
    }

    /// <summary>Whether the range is meant for these bytes: If-Range asks for them by their tag; a date cannot be ours, for none is sent.</summary>
    private static bool IsRangeValid(RequestHeaders request, EntityTagHeaderValue tag) =>
        request.Headers.IfRange.Count == 0 || request.IfRange?.EntityTag?.Compare(tag, useStrongComparison: true) == true;

    /// <summary>A part of the bytes; of length 0 when what was asked for lies outside.</summary>
    private sealed record ByteRange(long Offset, long Length)
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
}

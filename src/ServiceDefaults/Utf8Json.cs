using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace PhotoPlatform.ServiceDefaults;

/// <summary>Refuses JSON that says it is not UTF-8 (RFC 8259, section 8.1): the framework takes an unknown charset for an error of ours.</summary>
internal sealed class Utf8Json(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (context.Request.HasJsonContentType()
            && MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type)
            && type.Charset.HasValue
            && !HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase))
        {
            context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return Task.CompletedTask;
        }
        return next(context);
    }
}

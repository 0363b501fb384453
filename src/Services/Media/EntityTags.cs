using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using PhotoPlatform.ServiceDefaults.Http;
using PhotoPlatform.ServiceDefaults.OpenApi;

namespace PhotoPlatform.Media;

/// <summary>Strong entity tags of JSON answers, made from their bytes.</summary>
internal sealed class EntityTags(IOptions<Microsoft.AspNetCore.Http.Json.JsonOptions> json)
{
    private const int TagBytes = 16;

    internal EntityTagHeaderValue Of(object answer) => Of(Bytes(answer));

    internal static EntityTagHeaderValue Of(byte[] bytes) => new($"\"{Base64Url.EncodeToString(SHA256.HashData(bytes).AsSpan(0, TagBytes))}\"");

    /// <summary>The answer as it goes over the wire.</summary>
    internal byte[] Bytes(object answer) => JsonSerializer.SerializeToUtf8Bytes(answer, answer.GetType(), json.Value.SerializerOptions);
}

internal static class EntityTagsExtensions
{
    /// <summary>Gives the endpoint's 200 answers a tag, and answers 304 to those who have it. Caches must ask each time.</summary>
    internal static RouteHandlerBuilder WithEntityTag(this RouteHandlerBuilder builder) => builder.Produces(StatusCodes.Status304NotModified)
        .TakesHeader("If-None-Match", "The tag of what is known: unchanged, it is 304.").GivesHeader("ETag", "The tag of the answer.").AddEndpointFilter(async (context, next) =>
    {
        var result = await next(context);
        var answer = result is INestedHttpResult nested ? nested.Result : result as IResult;
        if (answer is not (IStatusCodeHttpResult { StatusCode: StatusCodes.Status200OK } and IValueHttpResult { Value: { } value }))
            return result;
        var http = context.HttpContext;
        var bytes = http.RequestServices.GetRequiredService<EntityTags>().Bytes(value);
        var tag = EntityTags.Of(bytes);
        (http.Response.Headers.ETag, http.Response.Headers.CacheControl) = (tag.ToString(), "private, no-cache");
        return Conditions.IfNoneMatchFails(http.Request, tag) ? TypedResults.StatusCode(StatusCodes.Status304NotModified) : TypedResults.Bytes(bytes, "application/json; charset=utf-8");
    });
}

using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;

namespace PhotoPlatform.Media.Uploads;

/// <summary>Headers and rules of the tus protocol 1.0.0 (https://tus.io/protocols/resumable-upload).</summary>
internal static class Tus
{
    internal const string Version = "1.0.0";
    internal const string Extensions = "creation,creation-with-upload,termination,expiration";
    internal const string PartType = "application/offset+octet-stream";
    internal const string ResumableHeader = "Tus-Resumable";
    internal const string VersionHeader = "Tus-Version";
    internal const string ExtensionHeader = "Tus-Extension";
    internal const string MaxSizeHeader = "Tus-Max-Size";
    internal const string OffsetHeader = "Upload-Offset";
    internal const string LengthHeader = "Upload-Length";
    internal const string MetadataHeader = "Upload-Metadata";
    internal const string ExpiresHeader = "Upload-Expires";
    internal const string OverrideHeader = "X-HTTP-Method-Override";

    /// <summary>Ours: the photo that an upload became.</summary>
    internal const string PhotoHeader = "X-Photo-Id";

    /// <summary>Every answer says the version, and every request must.</summary>
    internal static T UseTus<T>(this T builder) where T : IEndpointConventionBuilder
    {
        builder.AddEndpointFilter(async (context, next) =>
        {
            var http = context.HttpContext;
            http.Response.OnStarting(() =>
            {
                http.Response.Headers[ResumableHeader] = Version;
                return Task.CompletedTask;
            });
            if (HttpMethods.IsOptions(http.Request.Method) || http.Request.Headers[ResumableHeader] == Version)
                return await next(context);
            http.Response.Headers[VersionHeader] = Version;
            return Problem(StatusCodes.Status412PreconditionFailed, $"Send the header {ResumableHeader}: {Version}.");
        });
        return builder;
    }

    /// <summary>A header that is a whole number of bytes, or null.</summary>
    internal static long? BytesOf(HttpRequest request, string header) =>
        long.TryParse(request.Headers[header], NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;

    internal static bool IsPart(HttpRequest request) => string.Equals(request.ContentType, PartType, StringComparison.OrdinalIgnoreCase);

    /// <summary>The pairs of <c>Upload-Metadata</c> (key, space, base64 of UTF-8; divided by commas), or null when it is malformed.</summary>
    internal static Dictionary<string, string>? ParseMetadata(string metadata)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        if (metadata.Length > Upload.MaxMetadata)
            return null;
        foreach (var pair in metadata.Length == 0 ? [] : metadata.Split(','))
        {
            var parts = pair.Trim(' ').Split(' ');
            if (parts.Length > 2 || parts[0].Length == 0 || !Ascii.IsValid(parts[0]) || Decode(parts.Length == 2 ? parts[1] : "") is not { } value || !pairs.TryAdd(parts[0], value))
                return null;
        }
        return pairs;
    }

    /// <summary>What the metadata say of the photo.</summary>
    internal static UploadFields FieldsOf(Dictionary<string, string> metadata) => new(metadata.GetValueOrDefault("title"), metadata.GetValueOrDefault("visibility"), metadata.GetValueOrDefault("use"));

    /// <summary>What HEAD, PATCH and POST tell of an upload.</summary>
    internal static void Describe(HttpResponse response, Upload upload)
    {
        response.Headers[OffsetHeader] = upload.Received.ToString(CultureInfo.InvariantCulture);
        if (upload.CompletedAt is null)
        {
            response.Headers[ExpiresHeader] = upload.ExpiresAt.ToString("R", CultureInfo.InvariantCulture);
            return;
        }
        response.Headers[PhotoHeader] = upload.Id.ToString("D");
        response.Headers.ContentLocation = $"/api/photos/{upload.Id:D}";
    }

    internal static ProblemHttpResult Problem(int status, string detail, string? code = null) => TypedResults.Problem(
        statusCode: status, detail: detail, extensions: code is null ? null : new Dictionary<string, object?> { ["code"] = code });

    private static string? Decode(string base64)
    {
        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(base64.Length)];
        if (!Convert.TryFromBase64String(base64, bytes, out var length))
            return null;
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes, 0, length);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}

using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.Media.Uploads;

namespace PhotoPlatform.Media.Photos;

/// <summary>The two forms of an upload, as one: the image streamed into its receiver, the fields beside it.</summary>
internal sealed record UploadForm(ReceivedImage Image, UploadFields Fields, ProblemHttpResult? Problem)
{
    internal const string TypeMismatchCode = "type-mismatch";
    private const int MaxFieldBytes = 2048;
    private const int MaxParts = 10;

    /// <summary>More than an image may have, so that the receiver's own limit speaks first.</summary>
    private const long MaxPartBytes = 64 * 1024 * 1024;
    private static readonly ReceivedImage Nothing = new(default, 0, [], null);

    internal static bool IsForm(HttpRequest request) => MediaTypeHeaderValue.TryParse(request.ContentType, out var type) && type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase);

    internal static Task<UploadForm> ReadAsync(HttpRequest request, ImageReceiver receiver, CancellationToken cancellationToken)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type))
            return Task.FromResult(Fail(StatusCodes.Status415UnsupportedMediaType, "Send an image with its Content-Type, or multipart/form-data."));
        if (IsForm(request))
            return ReadFormAsync(request, type, receiver, cancellationToken);
        return ReadBodyAsync(request, type, receiver, cancellationToken);
    }

    private static async Task<UploadForm> ReadBodyAsync(HttpRequest request, MediaTypeHeaderValue type, ImageReceiver receiver, CancellationToken cancellationToken) =>
        ImageTypes.FromContentType(type.MediaType.Value) is { } declared
            ? new UploadForm(await receiver.ReceiveAsync(request.Body, declared, cancellationToken), FieldsOf(request.Query), null)
            : Fail(StatusCodes.Status415UnsupportedMediaType, $"'{type.MediaType}' is not accepted: send image/jpeg, image/png, image/webp or image/gif.");

    private static async Task<UploadForm> ReadFormAsync(HttpRequest request, MediaTypeHeaderValue type, ImageReceiver receiver, CancellationToken cancellationToken)
    {
        var boundary = HeaderUtilities.RemoveQuotes(type.Boundary).Value;
        if (boundary is not { Length: > 0 and <= 70 })
            return Fail(StatusCodes.Status400BadRequest, "The multipart body has no usable boundary.");

        var reader = new MultipartReader(boundary, request.Body) { HeadersCountLimit = 8, HeadersLengthLimit = 8 * 1024, BodyLengthLimit = MaxPartBytes };
        ReceivedImage? image = null;
        var fields = FieldsOf(request.Query);
        try
        {
            for (var parts = 1; await reader.ReadNextSectionAsync(cancellationToken) is { } part; parts++)
            {
                if (parts > MaxParts)
                    return Fail(StatusCodes.Status400BadRequest, $"The form has more than {MaxParts} parts.");
                switch (NameOf(part))
                {
                    case "photo" when image is not null:
                        return Fail(StatusCodes.Status400BadRequest, "The form has more than one field 'photo'.");
                    case "photo":
                        if (DeclaredType(part) is (false, _))
                            return Fail(StatusCodes.Status415UnsupportedMediaType, $"'{part.ContentType}' is not accepted: send image/jpeg, image/png, image/webp or image/gif.");
                        image = await receiver.ReceiveAsync(part.Body, DeclaredType(part).Type, cancellationToken);
                        if (image.Rejection is not null)
                            return new UploadForm(image, fields, null);
                        break;
                    case "title":
                        fields = fields with { Title = await ReadFieldAsync(part, cancellationToken) };
                        break;
                    case "visibility":
                        fields = fields with { Visibility = await ReadFieldAsync(part, cancellationToken) };
                        break;
                    case "use":
                        fields = fields with { Use = await ReadFieldAsync(part, cancellationToken) };
                        break;
                }
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or DecoderFallbackException || exception.GetType() == typeof(IOException) && exception.HResult == new IOException().HResult)
        {
            return Fail(StatusCodes.Status400BadRequest, "The multipart body is malformed.");
        }
        return image is null
            ? Fail(StatusCodes.Status400BadRequest, "The form has no field 'photo'.")
            : new UploadForm(image, fields, null);
    }

    private static UploadFields FieldsOf(IQueryCollection query) => new(query["title"], query["visibility"], query["use"]);

    private static string? NameOf(MultipartSection part) =>
        ContentDispositionHeaderValue.TryParse(part.ContentDisposition, out var disposition) ? HeaderUtilities.RemoveQuotes(disposition.Name).Value : null;

    /// <summary>The image type of a part: none is given by many clients, and application/octet-stream is no claim either.</summary>
    private static (bool Accepted, ImageType? Type) DeclaredType(MultipartSection part)
    {
        if (part.ContentType is null or "" or "application/octet-stream")
            return (true, null);
        var type = MediaTypeHeaderValue.TryParse(part.ContentType, out var parsed) ? ImageTypes.FromContentType(parsed.MediaType.Value) : null;
        return (type is not null, type);
    }

    private static async Task<string> ReadFieldAsync(MultipartSection part, CancellationToken cancellationToken)
    {
        var bytes = new byte[MaxFieldBytes + 1];
        var length = await part.Body.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        if (length > MaxFieldBytes)
            throw new InvalidDataException("A field is too long.");
        return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes, 0, length);
    }

    private static UploadForm Fail(int status, string detail) => new(Nothing, new UploadFields(null, null, null), TypedResults.Problem(statusCode: status, detail: detail));
}

using Microsoft.AspNetCore.Http.HttpResults;
using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.Media.Photos;

namespace PhotoPlatform.Media.Uploads;

/// <summary>The answer to an image that is not accepted.</summary>
internal static class Refusal
{
    internal static ProblemHttpResult Of(Rejection rejection) => TypedResults.Problem(
        statusCode: rejection.Code switch
        {
            Rejection.UnsupportedTypeCode or UploadForm.TypeMismatchCode => StatusCodes.Status415UnsupportedMediaType,
            Rejection.TooManyBytesCode => StatusCodes.Status413PayloadTooLarge,
            _ => StatusCodes.Status422UnprocessableEntity,
        },
        detail: rejection.Sentence,
        extensions: new Dictionary<string, object?> { ["code"] = rejection.Code });
}

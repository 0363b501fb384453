using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.Media.Data;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.ServiceDefaults.OpenApi;
using PhotoPlatform.Storage;

namespace PhotoPlatform.Media.Uploads;

/// <summary>Wires everything about taking photos in.</summary>
internal static class UploadEndpoints
{
    internal static void AddUploads(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton(Quota.FromConfiguration(builder.Configuration));
        services.AddSingleton(IdempotencyTiming.Default);
        services.AddSingleton<IdempotencyKeys>();
        services.AddScoped<AcceptPhoto>();
        services.AddScoped<Photos.UploadPhoto>();
        services.AddScoped<CompleteUpload>();
        services.AddScoped<ReceivePart>();
        services.AddHostedService<UploadSweep>();
    }

    internal static void MapUploads(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/photos/quota", QuotaCheck.HandleAsync).RequireUser()
            .WithName("GetQuota").WithSummary("What the caller's photos take, and what they may.").WithTags("uploads");

        var uploads = app.MapGroup("/api/uploads").RequireUser().UseTus().WithTags("uploads");
        uploads.MapMethods("", [HttpMethods.Options], Describe).WithName("DescribeUploads").WithSummary("Version, extensions and largest size of resumable uploads (tus 1.0.0).");
        uploads.MapMethods("{id:guid}", [HttpMethods.Options], Describe).ExcludeFromDescription();
        uploads.MapPost("", CreateUpload.HandleAsync).WithMetadata(new DisableRequestSizeLimitAttribute())
            .WithName("CreateUpload").WithSummary("Starts a resumable upload; the body may be its first part.")
            .TakesHeader("Tus-Resumable", "1.0.0", required: true).TakesHeader("Upload-Length", "Bytes of the whole image.", required: true)
            .TakesHeader("Upload-Metadata", "filename, filetype, title, visibility and use, each followed by its value in Base64, with commas between.")
            .GivesHeader("Location", "The upload.").GivesHeader("Upload-Offset", "How many bytes are durable.")
            .Produces(StatusCodes.Status201Created).ProducesValidationProblem().ProducesProblem(StatusCodes.Status403Forbidden).ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesProblem(StatusCodes.Status415UnsupportedMediaType).ProducesProblem(StatusCodes.Status429TooManyRequests).ProducesProblem(StatusCodes.Status507InsufficientStorage);
        uploads.MapMethods("{id:guid}", [HttpMethods.Head], GetUpload.HandleAsync)
            .WithName("GetUpload").WithSummary("How much of a resumable upload has been received, and the photo that it became.")
            .TakesHeader("Tus-Resumable", "1.0.0", required: true).GivesHeader("Upload-Offset", "How many bytes are durable.").GivesHeader("Upload-Length", "Bytes of the whole image.")
            .Produces(StatusCodes.Status200OK).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status410Gone);
        uploads.MapPatch("{id:guid}", ReceivePart.HandleAsync).WithMetadata(new DisableRequestSizeLimitAttribute())
            .WithName("ReceiveUploadPart").WithSummary("Takes the next part of a resumable upload. The last one makes the photo.")
            .TakesHeader("Tus-Resumable", "1.0.0", required: true).TakesHeader("Upload-Offset", "Where the part begins: what the last answer said.", required: true)
            .TakesBytes("application/offset+octet-stream").GivesHeader("Upload-Offset", "How many bytes are durable.")
            .Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status410Gone)
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge).ProducesProblem(StatusCodes.Status415UnsupportedMediaType).ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        uploads.MapDelete("{id:guid}", EndUpload.HandleAsync)
            .WithName("EndUpload").WithSummary("Ends a resumable upload and removes its parts; a photo that it became stays.")
            .TakesHeader("Tus-Resumable", "1.0.0", required: true)
            .Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound);
        uploads.MapPost("{id:guid}", OverrideAsync).WithMetadata(new DisableRequestSizeLimitAttribute()).ExcludeFromDescription();
    }

    private static NoContent Describe(HttpResponse response, ImageLimits limits)
    {
        response.Headers[Tus.VersionHeader] = Tus.Version;
        response.Headers[Tus.ExtensionHeader] = Tus.Extensions;
        response.Headers[Tus.MaxSizeHeader] = limits.MaxBytes.ToString(CultureInfo.InvariantCulture);
        return TypedResults.NoContent();
    }

    /// <summary>For clients that can only POST: <c>X-HTTP-Method-Override</c> names the method that is meant.</summary>
    private static async Task<IResult> OverrideAsync(
        Guid id, HttpContext http, SignedInUser owner, ReceivePart receive, CompleteUpload complete, MediaDb db, IBlobStore blobs, TimeProvider time, CancellationToken cancellationToken) =>
        http.Request.Headers[Tus.OverrideHeader].ToString().ToUpperInvariant() switch
        {
            "PATCH" => await ReceivePart.HandleAsync(id, http, owner, receive, cancellationToken),
            "DELETE" => await EndUpload.HandleAsync(id, owner, db, blobs, cancellationToken),
            "HEAD" => await GetUpload.HandleAsync(id, http, owner, db, complete, time, cancellationToken),
            _ => TypedResults.StatusCode(StatusCodes.Status405MethodNotAllowed),
        };
}

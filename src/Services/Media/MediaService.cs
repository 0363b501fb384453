using Microsoft.AspNetCore.Mvc;
using PhotoPlatform.Contracts;
using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Media.Delivery;
using PhotoPlatform.Media.Photos;
using PhotoPlatform.Media.Processing;
using PhotoPlatform.Media.Uploads;
using PhotoPlatform.Messaging;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Storage;

namespace PhotoPlatform.Media;

/// <summary>Photos, renditions and their delivery; database <c>media</c>.</summary>
public static class MediaService
{
    /// <summary>Adds what the service needs.</summary>
    public static void AddMedia(this WebApplicationBuilder builder)
    {
        builder.AddInternalIdentity("media");
        builder.AddStorage();
        builder.Services.AddSingleton(ImageLimits.Default);
        builder.AddUploads();
        builder.AddMessaging<MediaDb>("media", messaging => messaging
            .Publishes<PhotoUploaded>()
            .Publishes<PhotoReady>()
            .Publishes<PhotoUnusable>()
            .Publishes<PhotoDeleted>()
            .Subscribe<PhotoProcessed, PhotoProcessedConsumer>()
            .Subscribe<PhotoRejected, PhotoRejectedConsumer>()
            .Subscribe<PhotoProcessingFailed, PhotoProcessingFailedConsumer>()
            .Subscribe<PhotoDeleted, PhotoDeletedConsumer>());
    }

    /// <summary>Maps its endpoints.</summary>
    public static void MapMedia(this IEndpointRouteBuilder app)
    {
        var photos = app.MapGroup("/api/photos").RequireUser();
        // The handler counts: a refusal of the web server itself would break the connection before the answer is read.
        photos.MapPost("", UploadPhoto.HandleAsync).WithMetadata(new DisableRequestSizeLimitAttribute())
            .WithName("UploadPhoto").WithSummary("Takes an image as the body or in the field 'photo' of a form; with an Idempotency-Key, once.").WithTags("uploads");
        photos.MapGet("", ListPhotos.HandleAsync);
        photos.MapGet("{id:guid}", GetPhoto.HandleAsync);
        photos.MapDelete("{id:guid}", DeletePhoto.HandleAsync);
        app.MapMethods(RenditionUrl.Pattern, [HttpMethods.Get, HttpMethods.Head], GetRendition.HandleAsync);
        app.MapUploads();
        app.MapMessaging();
    }
}

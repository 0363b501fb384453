using Microsoft.AspNetCore.Mvc;
using PhotoPlatform.Contracts;
using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.Media.Accounts;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Media.Deletions;
using PhotoPlatform.Media.Delivery;
using PhotoPlatform.Media.Photos;
using PhotoPlatform.Media.Processing;
using PhotoPlatform.Media.Upkeep;
using PhotoPlatform.Media.Uploads;
using PhotoPlatform.Messaging;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.ServiceDefaults.OpenApi;
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
        builder.AddReads();
        var urlKeys = RenditionUrl.KeysOf(builder.Configuration);
        builder.Services.AddSingleton(services => new RenditionUrl(urlKeys, services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton<EntityTags>();
        builder.Services.AddSingleton(ImageLimits.Default);
        builder.Services.AddSingleton<ExportSignal>();
        builder.Services.AddHostedService<ExportWriter>();
        builder.Services.AddHostedService<ClosedAccounts>();
        builder.Services.AddHostedService<OrphanSweep>();
        builder.AddUploads();
        builder.AddMessaging<MediaDb>("media", messaging => messaging
            .Publishes<PhotoUploaded>()
            .Publishes<PhotoReady>()
            .Publishes<PhotoUnusable>()
            .Publishes<PhotoDeleted>()
            .Publishes<ExportPartWritten>()
            .Subscribe<PhotoProcessed, PhotoProcessedConsumer>()
            .Subscribe<PhotoRejected, PhotoRejectedConsumer>()
            .Subscribe<PhotoProcessingFailed, PhotoProcessingFailedConsumer>()
            .Subscribe<PhotoDeleted, PhotoDeletedConsumer>()
            .Receive<PurgePhotos, PurgePhotosConsumer>(PurgePhotos.Queue, prefetch: 8, concurrency: 4)
            .Subscribe<UserRegistered, UserRegisteredConsumer>()
            .Subscribe<UserDeleted, UserDeletedConsumer>()
            .Receive<PurgeOwner, PurgeOwnerConsumer>(PurgeOwner.Queue, prefetch: 2, concurrency: 2)
            .Subscribe<ExportRequested, ExportRequestedConsumer>());
    }

    /// <summary>Maps its endpoints.</summary>
    public static void MapMedia(this IEndpointRouteBuilder app)
    {
        var photos = app.MapGroup("/api/photos").RequireUser().WithTags("photos");
        // The handler counts: a refusal of the web server itself would break the connection before the answer is read.
        photos.MapPost("", UploadPhoto.HandleAsync).WithMetadata(new DisableRequestSizeLimitAttribute())
            .TakesBytes("image/jpeg", "image/png", "image/webp", "image/gif").TakesForm("photo", "title", "visibility", "use")
            .TakesQuery("title", "At most 200 characters.").TakesQuery("visibility", "private (when not given), unlisted or public.").TakesQuery("use", "avatar, for one's portrait.")
            .TakesHeader("Idempotency-Key", "Makes it safe to send the request again within 24 hours: the same bytes give the same photo.")
            .WithName("UploadPhoto").WithSummary("Takes an image as the body or in the field 'photo' of a form; with an Idempotency-Key, once");
        photos.MapGet("", ListPhotos.HandleAsync).WithEntityTag().WithName("ListPhotos").WithSummary("One's own photos, newest first");
        photos.MapGet("{id:guid}", GetPhoto.HandleAsync).WithEntityTag().WithName("GetPhoto").WithSummary("One of one's own photos, in any state");
        photos.MapPatch("{id:guid}", ChangePhoto.HandleAsync).WithName("ChangePhoto")
            .TakesHeader("If-Match", "The tag of the photo that was read: what has changed since is 412.").GivesHeader("ETag", "The tag of the photo as it is now.").WithSummary("Change title, description or visibility");
        photos.MapDelete("{id:guid}", DeletePhoto.HandleAsync).WithName("DeletePhoto").WithSummary("Delete a photo at once");
        photos.MapPost("{id:guid}/retries", RetryPhoto.HandleAsync).WithName("RetryPhoto").WithSummary("Have a failed photo processed anew");
        photos.MapPost("deletions", DeletePhotos.HandleAsync).WithName("DeletePhotos").WithSummary("Delete up to 100 photos, with 10 seconds to undo it");
        photos.MapDelete("deletions/{id:guid}", UndoDeletion.HandleAsync).WithName("UndoDeletion").WithSummary("Undo a deletion");

        var gallery = app.MapGroup("/api/users/{handle}/photos").WithTags("photos");
        gallery.MapGet("", ListUserPhotos.HandleAsync).WithEntityTag().WithName("ListUserPhotos").WithSummary("Somebody's public photos, newest first");
        gallery.MapGet("{id:guid}", GetUserPhoto.HandleAsync).WithEntityTag().WithName("GetUserPhoto").WithSummary("Somebody's public or unlisted photo");

        app.MapUploads();
        app.MapMethods(RenditionUrl.Pattern, [HttpMethods.Get, HttpMethods.Head], GetRendition.HandleAsync).WithTags("photos").WithName("GetRendition").TakesHeader("Range", "One range, such as bytes=0-1023.").GivesHeader("ETag", "The tag of the bytes.")
            .WithSummary("The bytes of a rendition, or one range of them")
            .Produces(StatusCodes.Status200OK, contentType: RenditionSet.ContentType).Produces(StatusCodes.Status206PartialContent, contentType: RenditionSet.ContentType)
            .Produces(StatusCodes.Status304NotModified).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status412PreconditionFailed).ProducesProblem(StatusCodes.Status416RangeNotSatisfiable);
        app.MapMessaging();
    }
}

using PhotoPlatform.Contracts;
using PhotoPlatform.Imaging;
using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.Messaging;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.Storage;

namespace PhotoPlatform.PhotoProcessor;

/// <summary>Takes photo jobs and makes renditions. Stateless: any number of processes share the queues.</summary>
public static class PhotoProcessorWorker
{
    /// <summary>Adds what the worker needs.</summary>
    public static void AddPhotoProcessor(this WebApplicationBuilder builder)
    {
        builder.AddStorage();
        builder.Services.AddSingleton<IPhotoRenderer>(new VipsPhotoRenderer(ImageLimits.Default));

        // A message lost with its process counts as a delivery: the fewer are held, the fewer innocents are counted.
        var cores = Environment.ProcessorCount;
        builder.AddMessaging("photo-processor", messaging => messaging
            .Publishes<PhotoProcessed>()
            .Publishes<PhotoRejected>()
            .Publishes<PhotoProcessingFailed>()
            .Receive<ProcessPhoto, ProcessPhotoConsumer>(PhotoQueues.Interactive, (ushort)(cores + 1), cores, Failed)
            .Receive<ProcessPhoto, ProcessPhotoConsumer>(PhotoQueues.Bulk, (ushort)Math.Max(1, cores - 1), Math.Max(1, cores - 1), Failed));
    }

    /// <summary>Maps its endpoints.</summary>
    public static void MapPhotoProcessor(this IEndpointRouteBuilder app) => app.MapMessaging();

    private static PhotoProcessingFailed Failed(ProcessPhoto job, string reason) => new(job.PhotoId, job.Version, reason);
}

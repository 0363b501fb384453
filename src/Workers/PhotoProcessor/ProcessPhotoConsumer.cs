using MassTransit;
using PhotoPlatform.Contracts;
using PhotoPlatform.Imaging;
using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.Messaging.Consuming;
using PhotoPlatform.Storage;

namespace PhotoPlatform.PhotoProcessor;

/// <summary>Makes the renditions of one photo. Run twice, it writes the same bytes under the same names and repeats its event's id.</summary>
internal sealed class ProcessPhotoConsumer(IBlobStore blobs, IPhotoRenderer renderer, FollowUps followUps, TimeProvider time, ILogger<ProcessPhotoConsumer> logger) : IConsumer<ProcessPhoto>
{
    private const string SourceMissing = "source-missing";

    public async Task Consume(ConsumeContext<ProcessPhoto> context)
    {
        var (job, cancellationToken) = (context.Message, context.CancellationToken);
        var start = time.GetTimestamp();
        logger.LogInformation("Processing photo {PhotoId} version {Version}", job.PhotoId, job.Version);

        if (await blobs.ReadAsync(job.Source, cancellationToken) is not { } original)
        {
            // The photo was deleted, and nobody minds; or the file was lost, which is no fault of the input.
            await followUps.PublishAsync(new PhotoProcessingFailed(job.PhotoId, job.Version, SourceMissing), cancellationToken);
            logger.LogWarning("Photo {PhotoId} version {Version} has no original", job.PhotoId, job.Version);
            return;
        }
        var outcome = await renderer.RenderAsync(original, RenditionSet.Default, cancellationToken);
        switch (outcome)
        {
            case Rendered rendered:
                var files = await StoreAsync(job, rendered, cancellationToken);
                await followUps.PublishAsync(new PhotoProcessed(job.PhotoId, job.Version, rendered.Width, rendered.Height, rendered.Placeholder, files), cancellationToken);
                logger.LogInformation("Processed photo {PhotoId} version {Version} in {Elapsed:0} ms", job.PhotoId, job.Version, time.GetElapsedTime(start).TotalMilliseconds);
                break;
            case Rejected rejected:
                await followUps.PublishAsync(new PhotoRejected(job.PhotoId, job.Version, rejected.Reason.Code), cancellationToken);
                logger.LogInformation("Rejected photo {PhotoId} version {Version}: {Reason} {Detail}", job.PhotoId, job.Version, rejected.Reason.Code, rejected.Detail);
                break;
        }
    }

    private async Task<List<RenditionFile>> StoreAsync(ProcessPhoto job, Rendered rendered, CancellationToken cancellationToken)
    {
        var files = new List<RenditionFile>(rendered.Renditions.Count);
        foreach (var rendition in rendered.Renditions)
        {
            var key = RenditionSet.Default.BlobName(job.PhotoId, job.Version, rendition.Name);
            await blobs.WriteAsync(key, rendition.Bytes, cancellationToken);
            files.Add(new RenditionFile(rendition.Name, key, rendition.Width, rendition.Height, rendition.ContentType, rendition.Bytes.Length, rendition.ETag));
        }
        return files;
    }
}

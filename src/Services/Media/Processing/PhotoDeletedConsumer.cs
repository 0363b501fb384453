using MassTransit;
using PhotoPlatform.Contracts;
using PhotoPlatform.Storage;

namespace PhotoPlatform.Media.Processing;

/// <summary>Removes the blobs of a deleted photo.</summary>
internal sealed class PhotoDeletedConsumer(BlobStore blobs) : IConsumer<PhotoDeleted>
{
    public Task Consume(ConsumeContext<PhotoDeleted> context)
    {
        blobs.Delete(context.Message.Source);
        blobs.DeleteFolder($"renditions/{context.Message.PhotoId:D}");
        return Task.CompletedTask;
    }
}

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
        blobs.DeleteFolder(PhotoBlobs.RenditionsOf(context.Message.PhotoId));
        return Task.CompletedTask;
    }
}

/// <summary>Where a photo's blobs lie.</summary>
internal static class PhotoBlobs
{
    /// <summary>The folder of all renditions of a photo.</summary>
    internal static string RenditionsOf(Guid photoId) => $"renditions/{photoId:D}";
}

using MassTransit;
using PhotoPlatform.Contracts;
using PhotoPlatform.Storage;

namespace PhotoPlatform.Media.Processing;

/// <summary>Removes the blobs of a deleted photo.</summary>
internal sealed class PhotoDeletedConsumer(IBlobStore blobs) : IConsumer<PhotoDeleted>
{
    public async Task Consume(ConsumeContext<PhotoDeleted> context)
    {
        await blobs.DeleteFolderAsync(PhotoBlobs.RenditionsOf(context.Message.PhotoId), context.CancellationToken);
        await blobs.DeleteAsync(context.Message.Source, context.CancellationToken);
    }
}

/// <summary>Where a photo's blobs lie.</summary>
internal static class PhotoBlobs
{
    internal const string Originals = "originals";
    internal const string Renditions = "renditions";

    /// <summary>The folder of all renditions of a photo.</summary>
    internal static string RenditionsOf(Guid photoId) => $"{Renditions}/{photoId:D}";
}

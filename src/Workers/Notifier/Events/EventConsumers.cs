using MassTransit;
using PhotoPlatform.Contracts;
using PhotoPlatform.Notifier.Accounts;

namespace PhotoPlatform.Notifier.Events;

internal sealed class PhotoUploadedConsumer(Account account, EventLog log) : IConsumer<PhotoUploaded>
{
    public async Task Consume(ConsumeContext<PhotoUploaded> context)
    {
        var photo = context.Message;
        if (await account.IsOpenAsync(photo.OwnerId, context.CancellationToken))
            await log.AppendAsync(photo.OwnerId, "photo-uploaded", _ => new { photo.PhotoId }, context.CancellationToken);
    }
}

/// <summary>An event only: a ready photo is what one expects, and an upload of hundreds must not become hundreds of notifications.</summary>
internal sealed class PhotoReadyConsumer(Account account, EventLog log) : IConsumer<PhotoReady>
{
    public async Task Consume(ConsumeContext<PhotoReady> context)
    {
        var photo = context.Message;
        if (await account.IsOpenAsync(photo.OwnerId, context.CancellationToken))
            await log.AppendAsync(photo.OwnerId, "photo-ready", _ => new { photo.PhotoId, photo.Version }, context.CancellationToken);
    }
}

internal sealed class PhotoDeletedConsumer(Account account, EventLog log) : IConsumer<PhotoDeleted>
{
    public async Task Consume(ConsumeContext<PhotoDeleted> context)
    {
        var photo = context.Message;
        if (await account.IsOpenAsync(photo.OwnerId, context.CancellationToken))
            await log.AppendAsync(photo.OwnerId, "photo-deleted", _ => new { photo.PhotoId }, context.CancellationToken);
    }
}

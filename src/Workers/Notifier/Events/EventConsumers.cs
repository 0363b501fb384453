using MassTransit;
using PhotoPlatform.Contracts;
using PhotoPlatform.Notifier.Accounts;
using PhotoPlatform.Notifier.Data;

namespace PhotoPlatform.Notifier.Events;

internal sealed class PhotoUploadedConsumer(NotifierDb db, Account account, EventLog log) : IConsumer<PhotoUploaded>
{
    public async Task Consume(ConsumeContext<PhotoUploaded> context)
    {
        var photo = context.Message;
        await using var transaction = await db.Database.BeginTransactionAsync(context.CancellationToken);
        if (await account.IsOpenAsync(photo.OwnerId, context.CancellationToken))
            await log.AppendAsync(photo.OwnerId, "photo-uploaded", _ => new { photo.PhotoId }, context.CancellationToken);
        await transaction.CommitAsync(context.CancellationToken);
    }
}

/// <summary>An event only: a ready photo is what one expects, and an upload of hundreds must not become hundreds of notifications.</summary>
internal sealed class PhotoReadyConsumer(NotifierDb db, Account account, EventLog log) : IConsumer<PhotoReady>
{
    public async Task Consume(ConsumeContext<PhotoReady> context)
    {
        var photo = context.Message;
        await using var transaction = await db.Database.BeginTransactionAsync(context.CancellationToken);
        if (await account.IsOpenAsync(photo.OwnerId, context.CancellationToken))
            await log.AppendAsync(photo.OwnerId, "photo-ready", _ => new { photo.PhotoId, photo.Version }, context.CancellationToken);
        await transaction.CommitAsync(context.CancellationToken);
    }
}

internal sealed class PhotoDeletedConsumer(NotifierDb db, Account account, EventLog log) : IConsumer<PhotoDeleted>
{
    public async Task Consume(ConsumeContext<PhotoDeleted> context)
    {
        var photo = context.Message;
        await using var transaction = await db.Database.BeginTransactionAsync(context.CancellationToken);
        if (await account.IsOpenAsync(photo.OwnerId, context.CancellationToken))
            await log.AppendAsync(photo.OwnerId, "photo-deleted", _ => new { photo.PhotoId }, context.CancellationToken);
        await transaction.CommitAsync(context.CancellationToken);
    }
}

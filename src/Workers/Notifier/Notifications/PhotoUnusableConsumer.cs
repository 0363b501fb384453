using MassTransit;
using PhotoPlatform.Contracts;
using PhotoPlatform.Notifier.Accounts;
using PhotoPlatform.Notifier.Data;
using PhotoPlatform.Notifier.Events;
using PhotoPlatform.Notifier.Mails;

namespace PhotoPlatform.Notifier.Notifications;

/// <summary>Tells that a photo will not become ready: as an event, as a notification, and of the first one of a day by mail.</summary>
internal sealed class PhotoUnusableConsumer(NotifierDb db, Account account, EventLog events, NotificationLog log, OptionalMails mails) : IConsumer<PhotoUnusable>
{
    public async Task Consume(ConsumeContext<PhotoUnusable> context)
    {
        var (photo, cancellationToken) = (context.Message, context.CancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (!await account.IsOpenAsync(photo.OwnerId, cancellationToken))
            return;
        var payload = new { photo.PhotoId, photo.Version, photo.Reason };
        await events.AppendAsync(photo.OwnerId, $"photo-{photo.State}", _ => payload, cancellationToken);
        await log.AddAsync(photo.OwnerId, $"photo-{photo.State}", payload, null, cancellationToken);
        await mails.AddPhotoProblemAsync(context.MessageId!.Value, photo, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}

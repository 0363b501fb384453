using MassTransit;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.Notifier.Accounts;
using PhotoPlatform.Notifier.Data;
using PhotoPlatform.Notifier.Events;
using PhotoPlatform.Notifier.Mails;

namespace PhotoPlatform.Notifier.Notifications;

/// <summary>Tells of a new follower: once a day for each of them, however often they come and go; by mail of the first one of a day only.</summary>
internal sealed class UserFollowedConsumer(Account account, NotifierDb db, EventLog events, NotificationLog log, OptionalMails mails, TimeProvider time) : IConsumer<UserFollowed>
{
    public async Task Consume(ConsumeContext<UserFollowed> context)
    {
        var (follow, cancellationToken) = (context.Message, context.CancellationToken);
        // In one order, so that two who follow each other while both are deleted hold nobody up.
        var (first, second) = follow.FolloweeId.CompareTo(follow.FollowerId) < 0 ? (follow.FolloweeId, follow.FollowerId) : (follow.FollowerId, follow.FolloweeId);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (!await account.IsOpenAsync(first, cancellationToken) || !await account.IsOpenAsync(second, cancellationToken))
            return;
        // Of two messages at once one is first.
        await events.LockAsync(follow.FolloweeId, cancellationToken);
        var today = new DateTimeOffset(time.GetUtcNow().UtcDateTime.Date, TimeSpan.Zero);
        if (await db.Notifications.AnyAsync(told => told.ActorId == follow.FollowerId && told.UserId == follow.FolloweeId && told.At >= today, cancellationToken))
        {
            await transaction.CommitAsync(cancellationToken);
            return;
        }

        await log.AddAsync(follow.FolloweeId, "followed",
            new { UserId = follow.FollowerId, Handle = follow.FollowerHandle, DisplayName = follow.FollowerName }, follow.FollowerId, cancellationToken);
        await mails.AddFollowedAsync(context.MessageId!.Value, follow, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}

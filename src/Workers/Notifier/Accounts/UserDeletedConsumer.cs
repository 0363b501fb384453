using MassTransit;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.Notifier.Data;
using PhotoPlatform.Notifier.Events;

namespace PhotoPlatform.Notifier.Accounts;

/// <summary>Closes an account here: nothing is written about it any more, its streams end, and <see cref="Erasure"/> removes what there is.</summary>
internal sealed class UserDeletedConsumer(Account account, NotifierDb db, EventStreams streams, ErasureSignal erasure, TimeProvider time) : IConsumer<UserDeleted>
{
    public async Task Consume(ConsumeContext<UserDeleted> context)
    {
        var user = context.Message.UserId;
        await using var transaction = await db.Database.BeginTransactionAsync(context.CancellationToken);
        await account.LockOutAsync(user, context.CancellationToken);
        await db.Database.ExecuteSqlAsync(
            $"INSERT INTO deleted_users (user_id, at, next_cleanup_at) VALUES ({user}, {time.GetUtcNow()}, {time.GetUtcNow()}) ON CONFLICT DO NOTHING", context.CancellationToken);
        await transaction.CommitAsync(context.CancellationToken);
        streams.AnnounceDeleted(user);
        erasure.Set();
    }
}

using MassTransit;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Messaging.Outbox;

namespace PhotoPlatform.Media.Accounts;

/// <summary>Closes an account: from its row, which stays for a while as a mark, nobody is found and nothing is taken in. What it had is removed by <see cref="PurgeOwner"/>.</summary>
internal sealed class UserDeletedConsumer(MediaDb db, Outbox<MediaDb> outbox, TimeProvider time) : IConsumer<UserDeleted>
{
    public async Task Consume(ConsumeContext<UserDeleted> context)
    {
        var (user, now) = (context.Message.UserId, time.GetUtcNow());
        await using var transaction = await db.Database.BeginTransactionAsync(context.CancellationToken);
        await db.Database.ExecuteSqlAsync($"""
            INSERT INTO owners (user_id, photos, bytes, closed_at) VALUES ({user}, 0, 0, {now})
            ON CONFLICT (user_id) DO UPDATE SET handle = NULL, closed_at = coalesce(owners.closed_at, excluded.closed_at)
            """, context.CancellationToken);
        outbox.Send(PurgeOwner.Queue, new PurgeOwner(user));
        await db.SaveChangesAsync(context.CancellationToken);
        await transaction.CommitAsync(context.CancellationToken);
    }
}

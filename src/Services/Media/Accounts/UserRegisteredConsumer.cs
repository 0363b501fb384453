using MassTransit;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.Media.Data;

namespace PhotoPlatform.Media.Accounts;

/// <summary>
/// Learns a user's handle. It may arrive after the first photo, and after <see cref="UserDeleted"/>: a closed account gets none. A handle that was free again
/// belongs to the newer account, in whatever order the two are heard of.
/// </summary>
internal sealed class UserRegisteredConsumer(MediaDb db) : IConsumer<UserRegistered>
{
    public async Task Consume(ConsumeContext<UserRegistered> context)
    {
        var (user, handle) = (context.Message.UserId, context.Message.Handle);
        await using var transaction = await db.Database.BeginTransactionAsync(context.CancellationToken);
        await db.Database.ExecuteSqlAsync($"UPDATE owners SET handle = NULL WHERE handle = {handle} AND user_id < {user}", context.CancellationToken);
        await db.Database.ExecuteSqlAsync($"""
            INSERT INTO owners (user_id, handle, photos, bytes)
            SELECT {user}, {handle}, 0, 0 WHERE NOT EXISTS (SELECT FROM owners WHERE handle = {handle} AND user_id > {user})
            ON CONFLICT (user_id) DO UPDATE SET handle = excluded.handle WHERE owners.closed_at IS NULL
            """, context.CancellationToken);
        await transaction.CommitAsync(context.CancellationToken);
    }
}

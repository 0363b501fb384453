using MassTransit;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.Notifier.Accounts;
using PhotoPlatform.Notifier.Data;

namespace PhotoPlatform.Notifier.Events;

/// <summary>Ends the streams of a session on every replica, and those that somebody opens while the gateway still takes the session for live.</summary>
internal sealed class SessionRevokedConsumer(Account account, NotifierDb db, EventStreams streams, TimeProvider time) : IConsumer<SessionRevoked>
{
    public async Task Consume(ConsumeContext<SessionRevoked> context)
    {
        var (user, session) = (context.Message.UserId, context.Message.SessionId);
        await using var transaction = await db.Database.BeginTransactionAsync(context.CancellationToken);
        if (!await account.IsOpenAsync(user, context.CancellationToken))
            return;
        await db.Database.ExecuteSqlAsync(
            $"INSERT INTO revoked_sessions (user_id, session_id, at) VALUES ({user}, {session}, {time.GetUtcNow()}) ON CONFLICT DO NOTHING", context.CancellationToken);
        await transaction.CommitAsync(context.CancellationToken);
        streams.AnnounceRevoked(user, session);
    }
}

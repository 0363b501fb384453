using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using PhotoPlatform.Messaging.Inbox;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.Messaging.Retry;

namespace PhotoPlatform.Messaging.Consuming;

/// <summary>The two ways to run a consumer.</summary>
internal static class Consume
{
    /// <summary>Without a database: what the consumer publishes is confirmed before its message is acknowledged.</summary>
    internal static Task Stateless(IServiceProvider scope, string queue, Guid messageId, ConsumeContext context, Func<Task> consume)
    {
        scope.GetRequiredService<FollowUps>().Begin(messageId, queue);
        return consume();
    }

    /// <summary>With a database: inbox row, effect and messages are committed together, so each message has one effect. Nothing is open while the consumer does something else.</summary>
    internal static async Task Once<TDbContext>(IServiceProvider scope, string queue, Guid messageId, ConsumeContext context, Func<Task> consume) where TDbContext : DbContext
    {
        var (db, ticket) = (scope.GetRequiredService<TDbContext>(), scope.GetRequiredService<InboxTicket>());
        var entry = InboxStore.EntryOf(queue, messageId, scope.GetRequiredService<TimeProvider>().GetUtcNow());
        // A first delivery finds out when it writes; one that comes again need not do its work for that.
        if ((MayComeAgain(context) && await HadAsync()) || !await WorkAsync())
        {
            scope.GetRequiredService<MessagingMetrics>().Duplicate(queue);
            return;
        }
        scope.GetRequiredService<AfterCommit>().Run();

        async Task<bool> WorkAsync()
        {
            var unsaved = scope.GetRequiredService<UnsavedMessages>();
            try
            {
                ticket.Begin(db, entry);
                await consume();
                unsaved.ThrowIfAny(ticket.State == InboxState.Done);
                // It had nothing to write, which is an effect too.
                return ticket.State == InboxState.Done || await OnConnectionAsync(connection => InboxStore.TryAddAsync(connection, entry, context.CancellationToken));
            }
            catch (DuplicateMessageException)
            {
                return false;
            }
            catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
            {
                // Either the inbox row was there, or something else that the first delivery wrote and this one met before.
                if (!await HadAsync())
                    throw;
                return false;
            }
            finally
            {
                unsaved.Expected();
            }
        }

        Task<bool> HadAsync() => OnConnectionAsync(connection => InboxStore.HasAsync(connection, entry, context.CancellationToken));

        async Task<bool> OnConnectionAsync(Func<NpgsqlConnection, Task<bool>> ask)
        {
            await db.Database.OpenConnectionAsync(context.CancellationToken);
            try
            {
                return await ask((NpgsqlConnection)db.Database.GetDbConnection());
            }
            finally
            {
                await db.Database.CloseConnectionAsync();
            }
        }
    }

    private static bool MayComeAgain(ConsumeContext context) =>
        context.ReceiveContext.Redelivered || context.GetRetryAttempt() > 0
        || context.ReceiveContext.TransportHeaders.Get<int>(FailureHeaders.Rung) is > 0 || context.ReceiveContext.TransportHeaders.Get<int>(FailureHeaders.Replayed) is > 0;
}

using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Messaging;
using PhotoPlatform.Notifier.Data;

namespace PhotoPlatform.Notifier.Accounts;

/// <summary>
/// Removes everything of deleted users, in small batches: at once, and again after an hour, when the note of the deletion goes too.
/// A replica holds a user by moving the next cleanup ahead, so after a crash another goes on.
/// </summary>
internal sealed class Erasure(IServiceScopeFactory scopes, ErasureSignal signal, TimeProvider time, ILogger<Erasure> logger) : BackgroundService
{
    private static readonly TimeSpan NoteKept = TimeSpan.FromHours(1);
    private static readonly TimeSpan Hold = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var databaseAway = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (!await EraseNextAsync(stoppingToken))
                    await signal.WaitAsync(PollInterval, stoppingToken);
                databaseAway = false;
            }
            catch (Exception exception) when (DatabaseAway.Is(exception))
            {
                if (!databaseAway)
                    logger.LogWarning("Deleted users wait for the database: {Reason}", exception.Message);
                databaseAway = true;
                await Task.Delay(PollInterval, time, stoppingToken);
            }
        }
    }

    /// <returns>False when nobody is due.</returns>
    private async Task<bool> EraseNextAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<NotifierDb>();
        var now = time.GetUtcNow();
        var due = await db.DeletedUsers.FromSql($"""
            UPDATE deleted_users SET next_cleanup_at = {now + Hold}
            WHERE user_id = (SELECT user_id FROM deleted_users WHERE next_cleanup_at <= {now} ORDER BY next_cleanup_at LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING *
            """).AsNoTracking().ToListAsync(cancellationToken);
        if (due is not [var user])
            return false;

        var id = user.UserId;
        var rows = await db.DeleteAsync("events", $"user_id = {id}", cancellationToken)
            + await db.DeleteAsync("event_counters", $"user_id = {id}", cancellationToken)
            + await db.DeleteAsync("notifications", $"user_id = {id}", cancellationToken)
            + await db.DeleteAsync("notifications", $"actor_id = {id}", cancellationToken)
            + await db.DeleteAsync("mails", $"user_id = {id}", cancellationToken)
            + await db.DeleteAsync("mails", $"actor_id = {id}", cancellationToken)
            + await db.DeleteAsync("mail_preferences", $"user_id = {id}", cancellationToken)
            + await db.DeleteAsync("recipients", $"user_id = {id}", cancellationToken)
            + await db.DeleteAsync("revoked_sessions", $"user_id = {id}", cancellationToken);
        if (user.At + NoteKept <= now)
            await db.DeleteAsync("deleted_users", $"user_id = {id}", cancellationToken);
        else
            await db.Database.ExecuteSqlAsync($"UPDATE deleted_users SET next_cleanup_at = {user.At + NoteKept} WHERE user_id = {id}", cancellationToken);
        logger.LogInformation("Removed {Rows} rows of deleted user {UserId}", rows, id);
        return true;
    }
}

/// <summary>Wakes <see cref="Erasure"/> when a user was deleted.</summary>
internal sealed class ErasureSignal : Signal;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Caching;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Users.Background;
using PhotoPlatform.Users.Data;
using PhotoPlatform.Users.Passwords;
using PhotoPlatform.Users.Sessions;

namespace PhotoPlatform.Users.Closing;

/// <summary>
/// <c>DELETE /api/users/me</c>: ends an account. Its sessions, address and handle are gone with the answer; its follows and exports go in the background,
/// by <see cref="AccountCloser"/>, and what the other services have by <see cref="UserDeleted"/>.
/// </summary>
internal static class CloseAccount
{
    internal sealed record Request(string? Password);

    internal static async Task<Results<Accepted, ValidationProblem, ProblemHttpResult>> HandleAsync(
        [FromBody] Request request, SignedInUser caller, HttpContext http, UsersDb db, Outbox<UsersDb> outbox, PasswordCheck passwords, Throttling throttling, SessionCache cache, SessionCookie cookie,
        JobSignal<AccountCloser> closer, TimeProvider time, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        errors.Check("password", PasswordPolicy.IsPossible(request.Password), "Is missing or too long.");
        if (!errors.None)
            return errors.ToProblem();
        var (user, _, problem) = await passwords.ConfirmAsync(caller, "password", request.Password, cancellationToken);
        if (problem is not null)
            return problem;

        var now = time.GetUtcNow();
        IReadOnlyList<EndedSession> ended;
        await using (var transaction = await db.Database.BeginTransactionAsync(cancellationToken))
        {
            // Whoever follows, signs in or changes something waits here, and then finds nobody.
            if (await db.LockUserAsync(user!.Id, cancellationToken) is not { } locked || locked.PasswordHash != user.PasswordHash || await db.EmailOfAsync(user.Id, cancellationToken) is not { } email)
                return TypedResults.Problem(statusCode: StatusCodes.Status409Conflict, detail: "The account was changed by somebody else meanwhile.");
            await db.Logins.Where(login => login.UserId == user.Id).ExecuteDeleteAsync(cancellationToken);
            await db.Handles.Where(handle => handle.UserId == user.Id).ExecuteDeleteAsync(cancellationToken);
            await db.MailedTokens.Where(token => token.UserId == user.Id).ExecuteDeleteAsync(cancellationToken);
            await throttling.ForgetAsync(email, user.Id, cancellationToken);
            db.Remove(locked);
            db.Add(new ClosedAccount { UserId = user.Id, ClosedAt = now });
            outbox.Publish(new UserDeleted(user.Id, now));
            outbox.Publish(new MailRequested(user.Id, MailTemplates.AccountDeleted, email, new Dictionary<string, string> { ["displayName"] = user.DisplayName }));
            ended = await db.EndAllSessionsAsync(outbox, time, user.Id, null, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        await cache.RevokeAsync(ended, cancellationToken);
        closer.Set();
        cookie.Clear(http.Response);
        return TypedResults.Accepted((string?)null);
    }
}

/// <summary>
/// Removes what a closed account leaves: its exports, and its follows both ways, some at a time, each batch with the counts of the others in one short transaction.
/// Several replicas may meet at one account; each row is still counted once.
/// </summary>
internal sealed class AccountCloser(UsersDb db, Storage.IBlobStore blobs, TimeProvider time, ILogger<AccountCloser> logger) : IBackgroundJob
{
    internal const int Batch = 200;

    public static TimeSpan Pause => TimeSpan.FromSeconds(10);

    public async Task<bool> RunNextAsync(CancellationToken cancellationToken)
    {
        if (await db.ClosedAccounts.AsNoTracking().Where(closed => closed.DoneAt == null).OrderBy(closed => closed.ClosedAt).FirstOrDefaultAsync(cancellationToken) is not { } account)
            return false;
        await RemoveExportsAsync(account.UserId, cancellationToken);
        if (await RemoveFollowingAsync(account.UserId, cancellationToken) || await RemoveFollowersAsync(account.UserId, cancellationToken))
            return true;
        var now = time.GetUtcNow();
        await db.ClosedAccounts.Where(closed => closed.UserId == account.UserId).ExecuteUpdateAsync(set => set.SetProperty(closed => closed.DoneAt, now), cancellationToken);
        logger.LogInformation("A closed account is gone");
        return true;
    }

    private async Task RemoveExportsAsync(Guid userId, CancellationToken cancellationToken)
    {
        // Whoever builds one loses it now, and throws away what it wrote.
        await db.Exports.Where(export => export.UserId == userId).ExecuteUpdateAsync(set => set
            .SetProperty(export => export.State, ExportState.Failed).SetProperty(export => export.LeaseId, (Guid?)null), cancellationToken);
        foreach (var id in await db.Exports.Where(export => export.UserId == userId).Select(export => export.Id).ToListAsync(cancellationToken))
        {
            await blobs.DeleteFolderAsync(Export.FolderOf(id), cancellationToken);
            await db.Exports.Where(export => export.Id == id).ExecuteDeleteAsync(cancellationToken);
        }
    }

    /// <returns>False when none is left.</returns>
    private async Task<bool> RemoveFollowingAsync(Guid userId, CancellationToken cancellationToken)
    {
        var followees = await db.Follows.Where(follow => follow.FollowerId == userId).OrderBy(follow => follow.FolloweeId).Select(follow => follow.FolloweeId).Take(Batch).ToListAsync(cancellationToken);
        return await RemoveAsync(followees, $"""
            WITH gone AS (DELETE FROM follows WHERE follower_id = {userId} AND followee_id = ANY({followees}) RETURNING followee_id)
            UPDATE users SET follower_count = follower_count - 1 WHERE id IN (SELECT followee_id FROM gone)
            """, cancellationToken);
    }

    /// <returns>False when none is left.</returns>
    private async Task<bool> RemoveFollowersAsync(Guid userId, CancellationToken cancellationToken)
    {
        var followers = await db.Follows.Where(follow => follow.FolloweeId == userId).OrderBy(follow => follow.At).ThenBy(follow => follow.FollowerId)
            .Select(follow => follow.FollowerId).Take(Batch).ToListAsync(cancellationToken);
        return await RemoveAsync(followers, $"""
            WITH gone AS (DELETE FROM follows WHERE followee_id = {userId} AND follower_id = ANY({followers}) RETURNING follower_id)
            UPDATE users SET following_count = following_count - 1 WHERE id IN (SELECT follower_id FROM gone)
            """, cancellationToken);
    }

    /// <summary>Runs the statement with the users locked whose counts it changes. False when there are none.</summary>
    private async Task<bool> RemoveAsync(List<Guid> others, FormattableString statement, CancellationToken cancellationToken)
    {
        if (others.Count == 0)
            return false;
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await LockAsync(others, cancellationToken);
        await db.Database.ExecuteSqlAsync(statement, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private async Task LockAsync(List<Guid> users, CancellationToken cancellationToken) =>
        await db.Users.FromSql($"SELECT * FROM users WHERE id = ANY({users}) ORDER BY id FOR NO KEY UPDATE").AsNoTracking().Select(user => user.Id).ToListAsync(cancellationToken);
}

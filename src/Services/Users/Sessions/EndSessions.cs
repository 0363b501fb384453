using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.ServiceDefaults.Caching;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Users.Data;

namespace PhotoPlatform.Users.Sessions;

/// <summary><c>DELETE /api/sessions/{id}</c> and <c>DELETE /api/sessions?all=</c>: ends one's sessions, everywhere.</summary>
internal static class EndSessions
{
    internal static async Task<Results<NoContent, NotFound>> OneAsync(
        Guid id, SignedInUser caller, HttpContext http, UsersDb db, Outbox<UsersDb> outbox, SessionCache cache, SessionCookie cookie, TimeProvider time, CancellationToken cancellationToken)
    {
        var ended = await EndAsync(db, outbox, cache, time, caller.Id,
            $"""DELETE FROM sessions WHERE id = {id} AND user_id = {caller.Id} RETURNING id AS "Id", token_hash AS "TokenHash" """, cancellationToken);
        if (id == caller.SessionId)
            cookie.Clear(http.Response);
        return ended == 0 ? TypedResults.NotFound() : TypedResults.NoContent();
    }

    /// <param name="caller">Whose sessions.</param>
    /// <param name="http">To take the cookie back.</param>
    /// <param name="db">Users.</param>
    /// <param name="outbox">Tells the others.</param>
    /// <param name="cache">Forgets them.</param>
    /// <param name="cookie">The cookie.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <param name="all">Also the session of this request, which is otherwise left.</param>
    internal static async Task<NoContent> AllAsync(
        SignedInUser caller, HttpContext http, UsersDb db, Outbox<UsersDb> outbox, SessionCache cache, SessionCookie cookie, TimeProvider time, CancellationToken cancellationToken, bool all = false)
    {
        await EndAsync(db, outbox, cache, time, caller.Id,
            $"""DELETE FROM sessions WHERE user_id = {caller.Id} AND ({all} OR id <> {caller.SessionId}) RETURNING id AS "Id", token_hash AS "TokenHash" """, cancellationToken);
        if (all)
            cookie.Clear(http.Response);
        return TypedResults.NoContent();
    }

    private static async Task<int> EndAsync(UsersDb db, Outbox<UsersDb> outbox, SessionCache cache, TimeProvider time, Guid userId, FormattableString delete, CancellationToken cancellationToken)
    {
        IReadOnlyList<EndedSession> ended;
        await using (var transaction = await db.Database.BeginTransactionAsync(cancellationToken))
        {
            ended = await db.EndSessionsAsync(outbox, time, delete, userId, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        await cache.RevokeAsync(ended, cancellationToken);
        return ended.Count;
    }
}

/// <summary>A session that was just ended.</summary>
internal sealed record EndedSession(Guid Id, string TokenHash);

/// <summary>How sessions end, whatever ends them: the rows in the caller's transaction with a message for each; after its commit, the cache.</summary>
internal static class SessionEnd
{
    /// <summary>Runs a DELETE on sessions that returns <c>Id</c> and <c>TokenHash</c>, and saves a message for each. Those that had expired have ended before.</summary>
    internal static async Task<IReadOnlyList<EndedSession>> EndSessionsAsync(
        this UsersDb db, Outbox<UsersDb> outbox, TimeProvider time, FormattableString delete, Guid userId, CancellationToken cancellationToken)
    {
        var ended = await db.Database.SqlQuery<EndedSession>(delete).ToListAsync(cancellationToken);
        foreach (var session in ended)
            outbox.Publish(new SessionRevoked(userId, session.Id, time.GetUtcNow()));
        await db.SaveChangesAsync(cancellationToken);
        return ended;
    }

    /// <summary>Ends every session of a user, apart from one.</summary>
    internal static Task<IReadOnlyList<EndedSession>> EndAllSessionsAsync(this UsersDb db, Outbox<UsersDb> outbox, TimeProvider time, Guid userId, Guid? except, CancellationToken cancellationToken) =>
        db.EndSessionsAsync(outbox, time,
            $"""DELETE FROM sessions WHERE user_id = {userId} AND id <> {except ?? Guid.Empty} RETURNING id AS "Id", token_hash AS "TokenHash" """, userId, cancellationToken);

    /// <summary>Lets the gateway know at once; what Redis cannot be told it forgets within 30 s.</summary>
    internal static async Task RevokeAsync(this SessionCache cache, IReadOnlyList<EndedSession> ended, CancellationToken cancellationToken)
    {
        foreach (var session in ended)
            await cache.RevokeAsync(session.TokenHash, cancellationToken);
    }
}

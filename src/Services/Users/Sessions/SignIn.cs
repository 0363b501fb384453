using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Caching;
using PhotoPlatform.Users.Data;
using PhotoPlatform.Users.Passwords;

namespace PhotoPlatform.Users.Sessions;

/// <summary><c>POST /api/sessions</c>: signs in with a new token of 256 random bits.</summary>
internal static class SignIn
{
    private const int MaxSessions = 100;
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

    internal sealed record Request(string? Email, string? Password);

    /// <param name="Token">For <c>Authorization: Bearer</c>.</param>
    /// <param name="ExpiresAt">When the session ends by itself.</param>
    /// <param name="Notice">Why the browser may not keep the cookie, if so.</param>
    internal sealed record Response(string Token, DateTimeOffset ExpiresAt, string? Notice);

    internal static async Task<Results<Created<Response>, ValidationProblem, ProblemHttpResult>> HandleAsync(
        Request request, HttpContext http, UsersDb db, Outbox<UsersDb> outbox, PasswordCheck passwords, PasswordGate gate, SessionCache cache, SessionCookie cookie, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        errors.Check("email", request.Email is { Length: > 0 and <= Login.MaxEmail }, "Is missing or too long.");
        errors.Check("password", PasswordPolicy.IsPossible(request.Password), "Is missing or too long.");
        if (!errors.None)
            return errors.ToProblem();

        var email = Login.Normalise(request.Email);
        var found = !Login.IsEmail(email) ? null : await db.Logins.Where(login => login.Email == email)
            .Join(db.Users, login => login.UserId, user => user.Id, (_, user) => new { user.Id, user.PasswordHash })
            .SingleOrDefaultAsync(cancellationToken);
        var verdict = await passwords.VerifyAsync(email, request.Password!, found?.PasswordHash, cancellationToken);
        if (verdict.Wait is { } wait)
            return PasswordCheck.TooMany(http, wait);
        if (!verdict.Right)
            return Wrong();

        var renewed = gate.IsOutdated(found!.PasswordHash) ? await gate.HashAsync(PasswordText.Normalise(request.Password!), cancellationToken) : null;
        var token = Secret.New();
        var now = time.GetUtcNow();
        var session = new Session
        {
            Id = Guid.CreateVersion7(now),
            TokenHash = SessionCache.HashOf(token),
            UserId = found.Id,
            CreatedAt = now,
            LastSeenAt = now,
            ExpiresAt = now + Lifetime,
            Device = Device.Of(http.Request.Headers.UserAgent.ToString()),
        };
        IReadOnlyList<EndedSession> ended;
        await using (var transaction = await db.Database.BeginTransactionAsync(cancellationToken))
        {
            // Under the lock: a password that was changed since it was looked at opens nothing any more.
            if (await db.LockUserAsync(found.Id, cancellationToken) is not { } user || user.PasswordHash != found.PasswordHash)
                return Wrong();
            user.PasswordHash = renewed ?? user.PasswordHash;
            db.Add(session);
            await db.SaveChangesAsync(cancellationToken);
            ended = await db.EndSessionsAsync(outbox, time, $"""
                DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE user_id = {user.Id} ORDER BY id DESC OFFSET {MaxSessions}) RETURNING id AS "Id", token_hash AS "TokenHash"
                """, user.Id, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        await cache.RevokeAsync(ended, cancellationToken);
        await cache.WriteAsync(session.TokenHash, new ResolvedSession(session.UserId, session.Id, session.ExpiresAt), cancellationToken);

        cookie.Set(http.Response, token, session.ExpiresAt);
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Created("/api/sessions/current", new Response(token, session.ExpiresAt, cookie.NoticeFor(http.Request)));
    }

    private static ProblemHttpResult Wrong() => TypedResults.Problem(statusCode: StatusCodes.Status401Unauthorized, detail: "The e-mail address or the password is wrong.");
}

/// <summary>Secrets that clients and mails carry.</summary>
internal static class Secret
{
    private const int Bytes = 32;

    /// <summary>256 random bits in 43 characters of base64url.</summary>
    internal static string New() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));
}

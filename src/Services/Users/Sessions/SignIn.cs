using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Caching;
using PhotoPlatform.Users.Data;
using PhotoPlatform.Users.Passwords;

namespace PhotoPlatform.Users.Sessions;

/// <summary><c>POST /api/sessions</c>: signs in with a new token of 256 random bits.</summary>
internal static class SignIn
{
    private const int TokenBytes = 32;
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

    internal sealed record Request(string? Email, string? Password);

    /// <param name="Token">For <c>Authorization: Bearer</c>.</param>
    /// <param name="ExpiresAt">When the session ends by itself.</param>
    /// <param name="Notice">Why the browser may not keep the cookie, if so.</param>
    internal sealed record Response(string Token, DateTimeOffset ExpiresAt, string? Notice);

    internal static async Task<Results<Created<Response>, ValidationProblem, ProblemHttpResult>> HandleAsync(
        Request request, HttpContext http, UsersDb db, SessionCache cache, SessionCookie cookie, TimeProvider time, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        errors.Check("email", request.Email is { Length: > 0 and <= Login.MaxEmail }, "Is missing or too long.");
        errors.Check("password", request.Password is { Length: > 0 and <= PasswordHasher.MaxLength }, "Is missing or too long.");
        if (!errors.None)
            return errors.ToProblem();

        var email = request.Email!.Trim().ToLowerInvariant();
        var user = !Login.IsEmail(email) ? null : await db.Logins.Where(login => login.Email == email)
            .Join(db.Users, login => login.UserId, user => user.Id, (_, user) => new { user.Id, user.PasswordHash })
            .SingleOrDefaultAsync(cancellationToken);
        if (!PasswordHasher.Verify(request.Password!, user?.PasswordHash))
            return TypedResults.Problem(statusCode: StatusCodes.Status401Unauthorized, detail: "The e-mail address or the password is wrong.");

        var token = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(TokenBytes));
        var now = time.GetUtcNow();
        var session = new Session { Id = Guid.CreateVersion7(now), TokenHash = SessionCache.HashOf(token), UserId = user!.Id, CreatedAt = now, ExpiresAt = now + Lifetime };
        db.Add(session);
        await db.SaveChangesAsync(cancellationToken);
        await cache.WriteAsync(session.TokenHash, new ResolvedSession(session.UserId, session.Id, session.ExpiresAt), cancellationToken);

        cookie.Set(http.Response, token, session.ExpiresAt);
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Created("/api/sessions/current", new Response(token, session.ExpiresAt, cookie.NoticeFor(http.Request)));
    }
}

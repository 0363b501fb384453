using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.ServiceDefaults.Caching;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Users.Data;

namespace PhotoPlatform.Users.Sessions;

/// <summary><c>DELETE /api/sessions/current</c>: ends the caller's session, everywhere.</summary>
internal static class SignOut
{
    internal static async Task<NoContent> HandleAsync(SignedInUser caller, HttpContext http, UsersDb db, SessionCache cache, SessionCookie cookie, CancellationToken cancellationToken)
    {
        var session = db.Sessions.Where(s => s.Id == caller.SessionId && s.UserId == caller.Id);
        if (await session.Select(s => s.TokenHash).SingleOrDefaultAsync(cancellationToken) is { } tokenHash)
        {
            await session.ExecuteDeleteAsync(cancellationToken);
            await cache.RevokeAsync(tokenHash, cancellationToken);
        }
        cookie.Clear(http.Response);
        return TypedResults.NoContent();
    }
}

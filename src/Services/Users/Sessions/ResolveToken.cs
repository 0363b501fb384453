using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.ServiceDefaults.Caching;
using PhotoPlatform.Users.Data;

namespace PhotoPlatform.Users.Sessions;

/// <summary><c>POST /internal/sessions/resolve</c>: what the gateway asks when Redis does not know a token.</summary>
internal static class ResolveToken
{
    /// <summary>How exact "last seen" is: what is newer is not written again.</summary>
    private static readonly TimeSpan SeenInterval = TimeSpan.FromMinutes(5);

    internal static async Task<Results<Ok<ResolvedSession>, NotFound>> HandleAsync(ResolveSession request, UsersDb db, SessionCache cache, TimeProvider time, CancellationToken cancellationToken)
    {
        if (request.TokenHash is not { Length: SessionCache.HashLength } || !request.TokenHash.All(char.IsAsciiHexDigitLower))
            return TypedResults.NotFound();

        var now = time.GetUtcNow();
        var session = await db.Sessions.AsNoTracking().SingleOrDefaultAsync(s => s.TokenHash == request.TokenHash && s.ExpiresAt > now, cancellationToken);
        if (session is null)
            return TypedResults.NotFound();
        if (session.LastSeenAt < now - SeenInterval)
            await db.Sessions.Where(s => s.Id == session.Id).ExecuteUpdateAsync(s => s.SetProperty(seen => seen.LastSeenAt, now), cancellationToken);
        var resolved = new ResolvedSession(session.UserId, session.Id, session.ExpiresAt);
        await cache.WriteAsync(request.TokenHash, resolved, cancellationToken);
        return TypedResults.Ok(resolved);
    }
}

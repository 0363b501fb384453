using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.ServiceDefaults.Caching;
using PhotoPlatform.Users.Data;

namespace PhotoPlatform.Users.Sessions;

/// <summary><c>POST /internal/sessions/resolve</c>: what the gateway asks when Redis does not know a token.</summary>
internal static class ResolveToken
{
    internal static async Task<Results<Ok<ResolvedSession>, NotFound>> HandleAsync(ResolveSession request, UsersDb db, SessionCache cache, TimeProvider time, CancellationToken cancellationToken)
    {
        if (request.TokenHash is not { Length: SessionCache.HashLength } || !request.TokenHash.All(char.IsAsciiHexDigitLower))
            return TypedResults.NotFound();

        var now = time.GetUtcNow();
        var session = await db.Sessions.Where(s => s.TokenHash == request.TokenHash && s.ExpiresAt > now)
            .Select(s => new ResolvedSession(s.UserId, s.Id, s.ExpiresAt))
            .SingleOrDefaultAsync(cancellationToken);
        if (session is null)
            return TypedResults.NotFound();
        await cache.WriteAsync(request.TokenHash, session, cancellationToken);
        return TypedResults.Ok(session);
    }
}

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Users.Data;

namespace PhotoPlatform.Users.Sessions;

/// <summary><c>GET /api/sessions</c>: the caller's live sessions, newest first. There are at most 100.</summary>
internal static class ListSessions
{
    /// <param name="Id">For <c>DELETE /api/sessions/{id}</c>; it is not the token.</param>
    /// <param name="Device">What the client said it is, such as "Firefox on Linux". Only a hint: anybody can say anything.</param>
    /// <param name="LastSeenAt">To within some minutes.</param>
    /// <param name="Current">Whether it is the one of this request.</param>
    internal sealed record Item(Guid Id, string Device, DateTimeOffset CreatedAt, DateTimeOffset LastSeenAt, DateTimeOffset ExpiresAt, bool Current);

    internal sealed record Response(IReadOnlyList<Item> Items);

    internal static async Task<Ok<Response>> HandleAsync(SignedInUser caller, UsersDb db, TimeProvider time, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var items = await db.Sessions.Where(session => session.UserId == caller.Id && session.ExpiresAt > now).OrderByDescending(session => session.Id)
            .Select(session => new Item(session.Id, session.Device, session.CreatedAt, session.LastSeenAt, session.ExpiresAt, session.Id == caller.SessionId))
            .ToListAsync(cancellationToken);
        return TypedResults.Ok(new Response(items));
    }
}

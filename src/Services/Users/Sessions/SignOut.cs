using Microsoft.AspNetCore.Http.HttpResults;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.ServiceDefaults.Caching;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Users.Data;

namespace PhotoPlatform.Users.Sessions;

/// <summary><c>DELETE /api/sessions/current</c>: ends the caller's session, everywhere. One that has ended already is no error.</summary>
internal static class SignOut
{
    internal static async Task<NoContent> HandleAsync(
        SignedInUser caller, HttpContext http, UsersDb db, Outbox<UsersDb> outbox, SessionCache cache, SessionCookie cookie, TimeProvider time, CancellationToken cancellationToken)
    {
        await EndSessions.OneAsync(caller.SessionId, caller, http, db, outbox, cache, cookie, time, cancellationToken);
        cookie.Clear(http.Response);
        return TypedResults.NoContent();
    }
}

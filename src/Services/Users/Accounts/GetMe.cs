using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Users.Data;

namespace PhotoPlatform.Users.Accounts;

/// <summary><c>GET /api/users/me</c>: the signed-in user.</summary>
internal static class GetMe
{
    internal sealed record Response(Guid Id, string Handle, string DisplayName, string Email, DateTimeOffset CreatedAt);

    internal static async Task<Results<Ok<Response>, NotFound>> HandleAsync(SignedInUser caller, UsersDb db, CancellationToken cancellationToken)
    {
        var me = await (
            from user in db.Users
            join handle in db.Handles on user.Id equals handle.UserId
            join login in db.Logins on user.Id equals login.UserId
            where user.Id == caller.Id
            select new Response(user.Id, handle.Name, user.DisplayName, login.Email, user.CreatedAt)).SingleOrDefaultAsync(cancellationToken);
        return me is null ? TypedResults.NotFound() : TypedResults.Ok(me);
    }
}

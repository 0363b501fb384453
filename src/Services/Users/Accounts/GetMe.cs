using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.ServiceDefaults.Http;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Users.Data;

namespace PhotoPlatform.Users.Accounts;

/// <summary><c>GET /api/users/me</c>: the signed-in user.</summary>
internal static class GetMe
{
    /// <param name="Profile">A JSON object, as its owner made it.</param>
    /// <param name="AvatarUrl">Null when there is none.</param>
    internal sealed record Response(
        Guid Id, string Handle, string DisplayName, string Email, DateTimeOffset CreatedAt, JsonElement Profile, string? AvatarUrl, int FollowerCount, int FollowingCount)
    {
        internal static Response Of(User user, string email) => new(
            user.Id, user.Handle, user.DisplayName, email, user.CreatedAt, JsonElement.Parse(user.Profile), user.AvatarUrl, user.FollowerCount, user.FollowingCount);
    }

    internal static async Task<Results<Ok<Response>, StatusCodeHttpResult, NotFound>> HandleAsync(SignedInUser caller, HttpContext http, UsersDb db, CancellationToken cancellationToken)
    {
        var found = await (
            from user in db.Users.AsNoTracking()
            join login in db.Logins on user.Id equals login.UserId
            where user.Id == caller.Id
            select new { User = user, login.Email }).SingleOrDefaultAsync(cancellationToken);
        if (found is null)
            return TypedResults.NotFound();
        var tag = ProfileTag.Of(found.User, found.Email);
        http.Response.GetTypedHeaders().ETag = tag;
        http.Response.Headers.CacheControl = "private, no-cache";
        return Conditions.IfNoneMatchFails(http.Request, tag) ? TypedResults.StatusCode(StatusCodes.Status304NotModified) : TypedResults.Ok(Response.Of(found.User, found.Email));
    }
}

using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.ServiceDefaults.Http;
using PhotoPlatform.Users.Data;

namespace PhotoPlatform.Users.Accounts;

/// <summary><c>GET /api/users/{handle}</c>: what everybody may know of somebody; never the address.</summary>
internal static class GetUser
{
    internal sealed record Response(Guid Id, string Handle, string DisplayName, JsonElement Profile, string? AvatarUrl, int FollowerCount, int FollowingCount, DateTimeOffset CreatedAt);

    internal static async Task<Results<Ok<Response>, StatusCodeHttpResult, NotFound>> HandleAsync(string handle, HttpContext http, UsersDb db, CancellationToken cancellationToken)
    {
        if (await db.FindByHandleAsync(handle, cancellationToken) is not { } user)
            return TypedResults.NotFound();
        var tag = ProfileTag.Of(user);
        http.Response.GetTypedHeaders().ETag = tag;
        http.Response.Headers.CacheControl = "no-cache";
        return Conditions.IfNoneMatchFails(http.Request, tag)
            ? TypedResults.StatusCode(StatusCodes.Status304NotModified)
            : TypedResults.Ok(new Response(user.Id, user.Handle, user.DisplayName, JsonElement.Parse(user.Profile), user.AvatarUrl, user.FollowerCount, user.FollowingCount, user.CreatedAt));
    }
}

/// <summary>Finds users by what is in an address.</summary>
internal static class UserLookup
{
    /// <summary>The user with the handle, in any case, not tracked; or null.</summary>
    internal static async Task<User?> FindByHandleAsync(this UsersDb db, string handle, CancellationToken cancellationToken)
    {
        var name = handle.ToLowerInvariant();
        return !Handle.IsName(name) ? null : await db.Handles.Where(known => known.Name == name)
            .Join(db.Users, known => known.UserId, user => user.Id, (_, user) => user)
            .AsNoTracking().SingleOrDefaultAsync(cancellationToken);
    }
}

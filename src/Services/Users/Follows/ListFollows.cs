using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.Users.Accounts;
using PhotoPlatform.Users.Data;

namespace PhotoPlatform.Users.Follows;

/// <summary><c>GET /api/users/{handle}/followers</c> and <c>/following</c>, <c>?cursor=&amp;limit=</c>: newest first; of one moment the higher id first.</summary>
internal static class ListFollows
{
    private const int DefaultLimit = 30;
    private const int MaxLimit = 100;

    internal sealed record Item(Guid Id, string Handle, string DisplayName, string? AvatarUrl, DateTimeOffset Since);

    /// <param name="Items">The page.</param>
    /// <param name="Next">The cursor of the next page, or null when this is the last.</param>
    internal sealed record Response(IReadOnlyList<Item> Items, string? Next);

    internal static async Task<Results<Ok<Response>, NotFound, ValidationProblem>> FollowersAsync(string handle, UsersDb db, CancellationToken cancellationToken, string? cursor = null, string? limit = null)
    {
        if (await db.FindByHandleAsync(handle, cancellationToken) is not { } found)
            return TypedResults.NotFound();
        var (page, problem) = Page.Read(cursor, limit);
        if (problem is not null)
            return problem;
        var follows = db.Follows.Where(follow => follow.FolloweeId == found.Id);
        if (page.After is var (at, id))
            follows = follows.Where(follow => EF.Functions.LessThan(ValueTuple.Create(follow.At, follow.FollowerId), ValueTuple.Create(at, id)));
        var items = await follows
            .Join(db.Users, follow => follow.FollowerId, user => user.Id, (follow, user) => new { follow, user })
            .OrderByDescending(row => row.follow.At).ThenByDescending(row => row.follow.FollowerId)
            .Select(row => new Item(row.user.Id, row.user.Handle, row.user.DisplayName, row.user.AvatarUrl, row.follow.At))
            .Take(page.Size + 1).ToListAsync(cancellationToken);
        return page.Answer(items);
    }

    internal static async Task<Results<Ok<Response>, NotFound, ValidationProblem>> FollowingAsync(string handle, UsersDb db, CancellationToken cancellationToken, string? cursor = null, string? limit = null)
    {
        if (await db.FindByHandleAsync(handle, cancellationToken) is not { } found)
            return TypedResults.NotFound();
        var (page, problem) = Page.Read(cursor, limit);
        if (problem is not null)
            return problem;
        var follows = db.Follows.Where(follow => follow.FollowerId == found.Id);
        if (page.After is var (at, id))
            follows = follows.Where(follow => EF.Functions.LessThan(ValueTuple.Create(follow.At, follow.FolloweeId), ValueTuple.Create(at, id)));
        var items = await follows
            .Join(db.Users, follow => follow.FolloweeId, user => user.Id, (follow, user) => new { follow, user })
            .OrderByDescending(row => row.follow.At).ThenByDescending(row => row.follow.FolloweeId)
            .Select(row => new Item(row.user.Id, row.user.Handle, row.user.DisplayName, row.user.AvatarUrl, row.follow.At))
            .Take(page.Size + 1).ToListAsync(cancellationToken);
        return page.Answer(items);
    }

    /// <summary>A page that was asked for: so many rows after the one that the cursor names by its time (in microseconds, as the database keeps it) and id.</summary>
    private sealed record Page(int Size, (DateTimeOffset At, Guid Id)? After)
    {
        internal static (Page Page, ValidationProblem? Problem) Read(string? cursor, string? limit)
        {
            var size = DefaultLimit;
            (DateTimeOffset At, Guid Id)? after = null;
            var errors = new FieldErrors();
            errors.Check("cursor", string.IsNullOrEmpty(cursor) || TryParse(cursor, out after), "Must be the 'next' of a page before.");
            errors.Check("limit", string.IsNullOrEmpty(limit) || (int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out size) && size is >= 1 and <= MaxLimit), $"Must be 1 to {MaxLimit}.");
            return (new Page(size, after), errors.None ? null : errors.ToProblem());
        }

        internal Ok<Response> Answer(List<Item> found) => TypedResults.Ok(found.Count <= Size
            ? new Response(found, null)
            : new Response(found[..Size], string.Create(CultureInfo.InvariantCulture, $"{found[Size - 1].Since.UtcTicks / TimeSpan.TicksPerMicrosecond:x}-{found[Size - 1].Id:N}")));

        private static bool TryParse(string cursor, out (DateTimeOffset, Guid)? after)
        {
            after = null;
            if (cursor.Split('-') is not [var time, var id]
                || !long.TryParse(time, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var microseconds)
                || microseconds < 0 || microseconds > DateTimeOffset.MaxValue.UtcTicks / TimeSpan.TicksPerMicrosecond
                || !Guid.TryParseExact(id, "N", out var last))
                return false;
            after = (new DateTimeOffset(microseconds * TimeSpan.TicksPerMicrosecond, TimeSpan.Zero), last);
            return true;
        }
    }
}

using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Net.Http.Headers;
using PhotoPlatform.Notifier.Data;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Identity;

namespace PhotoPlatform.Notifier.Notifications;

/// <summary><c>GET /api/notifications?cursor=&amp;limit=&amp;unread=</c>: what the caller was told in the last 90 days, newest first. The cursor is the last id of the page before.</summary>
internal static class ListNotifications
{
    private const int DefaultLimit = 30;
    private const int MaxLimit = 100;

    /// <summary>Counting stops here: 100 means 100 or more.</summary>
    private const int MaxUnread = 100;

    /// <param name="Items">The page.</param>
    /// <param name="Unread">How many of all are unread; 100 means 100 or more.</param>
    /// <param name="Next">The cursor of the next page, or null.</param>
    internal sealed record Response(IReadOnlyList<Item> Items, int Unread, string? Next);

    /// <param name="Id">Grows with each.</param>
    /// <param name="Type"><c>followed</c>, <c>photo-rejected</c> or <c>photo-failed</c>.</param>
    /// <param name="At">When.</param>
    /// <param name="ReadAt">When the user read it, or null.</param>
    /// <param name="Data">Of <c>followed</c>: userId, handle, displayName; of the others: photoId, version, reason.</param>
    internal sealed record Item(long Id, string Type, DateTimeOffset At, DateTimeOffset? ReadAt, JsonElement Data);

    internal static async Task<Results<Ok<Response>, StatusCodeHttpResult, ValidationProblem>> HandleAsync(
        SignedInUser user, NotifierDb db, HttpContext http, CancellationToken cancellationToken, string? cursor = null, string? limit = null, string? unread = null)
    {
        var (before, size, unreadOnly) = (long.MaxValue, DefaultLimit, false);
        var errors = new FieldErrors();
        errors.Check("cursor", string.IsNullOrEmpty(cursor) || (long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out before) && before > 0), "Must be the 'next' of a page before.");
        errors.Check("limit", string.IsNullOrEmpty(limit) || (int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out size) && size is >= 1 and <= MaxLimit), $"Must be 1 to {MaxLimit}.");
        errors.Check("unread", string.IsNullOrEmpty(unread) || bool.TryParse(unread, out unreadOnly), "Must be true or false.");
        if (!errors.None)
            return errors.ToProblem();

        var page = await Page(db, user.Id, before, size, unreadOnly).ToListAsync(cancellationToken);
        var items = page.Take(size).Select(row => new Item(row.Id, row.Type, row.At, row.ReadAt, JsonSerializer.Deserialize<JsonElement>(row.Payload))).ToList();
        var response = new Response(items, await Unread(db, user.Id).CountAsync(cancellationToken), page.Count > size ? items[^1].Id.ToString(CultureInfo.InvariantCulture) : null);

        var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(response, JsonSerializerOptions.Web)))[..32]}\"");
        (http.Response.Headers.ETag, http.Response.Headers.CacheControl) = (tag.ToString(), "private, no-cache");
        var known = http.Request.GetTypedHeaders().IfNoneMatch;
        return known.Any(value => value.Tag == "*" || value.Compare(tag, useStrongComparison: false)) ? TypedResults.StatusCode(StatusCodes.Status304NotModified) : TypedResults.Ok(response);
    }

    /// <summary>One row more than the page has, to know whether there is another.</summary>
    internal static IQueryable<Notification> Page(NotifierDb db, Guid userId, long before, int size, bool unreadOnly)
    {
        var own = db.Notifications.AsNoTracking().Where(row => row.UserId == userId && row.Id < before);
        if (unreadOnly)
            own = own.Where(row => row.ReadAt == null);
        return own.OrderByDescending(row => row.Id).Take(size + 1);
    }

    internal static IQueryable<long> Unread(NotifierDb db, Guid userId) => db.Notifications.Where(row => row.UserId == userId && row.ReadAt == null).Select(row => row.Id).Take(MaxUnread);
}

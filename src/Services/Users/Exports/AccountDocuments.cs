using System.IO.Compression;
using System.Linq.Expressions;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Users.Data;

namespace PhotoPlatform.Users.Exports;

/// <summary>What Users itself has of a user, as JSON documents. Lists are read page by page, so that a million followers need no more memory than ten.</summary>
internal sealed class AccountDocuments(UsersDb db)
{
    private const int PageSize = 1_000;
    private static readonly JsonWriterOptions Indented = new() { Indented = true };

    /// <summary>Writes them all.</summary>
    /// <param name="userId">Whose.</param>
    /// <param name="createEntry">Starts a document.</param>
    /// <param name="stillOursAsync">Called between pages.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal async Task WriteAsync(Guid userId, Func<string, ZipArchiveEntry> createEntry, Func<Task> stillOursAsync, CancellationToken cancellationToken)
    {
        var user = await db.Users.AsNoTracking().SingleOrDefaultAsync(user => user.Id == userId, cancellationToken);
        if (user is null)
            return;
        var email = await db.EmailOfAsync(userId, cancellationToken);
        await WriteAsync(createEntry("account.json"), async json =>
        {
            json.WriteStartObject();
            json.WriteString("id", user.Id);
            json.WriteString("handle", user.Handle);
            json.WriteString("displayName", user.DisplayName);
            json.WriteString("email", email);
            json.WriteString("createdAt", user.CreatedAt);
            json.WritePropertyName("profile");
            json.WriteRawValue(user.Profile);
            json.WriteString("avatarUrl", user.AvatarUrl);
            json.WriteNumber("followerCount", user.FollowerCount);
            json.WriteNumber("followingCount", user.FollowingCount);
            json.WriteEndObject();
            await json.FlushAsync(cancellationToken);
        }, cancellationToken);

        var sessions = await db.Sessions.AsNoTracking().Where(session => session.UserId == userId).OrderBy(session => session.Id).ToListAsync(cancellationToken);
        await WriteAsync(createEntry("sessions.json"), async json =>
        {
            json.WriteStartArray();
            foreach (var session in sessions)
            {
                json.WriteStartObject();
                json.WriteString("id", session.Id);
                json.WriteString("device", session.Device);
                json.WriteString("createdAt", session.CreatedAt);
                json.WriteString("lastSeenAt", session.LastSeenAt);
                json.WriteString("expiresAt", session.ExpiresAt);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            await json.FlushAsync(cancellationToken);
        }, cancellationToken);

        await WriteFollowsAsync(createEntry("following.json"), follow => follow.FollowerId == userId, follow => follow.FolloweeId, stillOursAsync, cancellationToken);
        await WriteFollowsAsync(createEntry("followers.json"), follow => follow.FolloweeId == userId, follow => follow.FollowerId, stillOursAsync, cancellationToken);
    }

    private Task WriteFollowsAsync(
        ZipArchiveEntry entry, Expression<Func<Follow, bool>> ofUser, Expression<Func<Follow, Guid>> other, Func<Task> stillOursAsync, CancellationToken cancellationToken) => WriteAsync(entry, async json =>
    {
        json.WriteStartArray();
        var (since, last) = (DateTimeOffset.MaxValue, Guid.Empty);
        for (var more = true; more;)
        {
            var page = await db.Follows.Where(ofUser).Join(db.Users, other, user => user.Id, (follow, user) => new { user.Id, user.Handle, user.DisplayName, Since = follow.At })
                .Where(row => row.Since < since || (row.Since == since && row.Id < last))
                .OrderByDescending(row => row.Since).ThenByDescending(row => row.Id).Take(PageSize).ToListAsync(cancellationToken);
            foreach (var row in page)
            {
                json.WriteStartObject();
                json.WriteString("handle", row.Handle);
                json.WriteString("displayName", row.DisplayName);
                json.WriteString("since", row.Since);
                json.WriteEndObject();
                (since, last) = (row.Since, row.Id);
            }
            await json.FlushAsync(cancellationToken);
            await stillOursAsync();
            more = page.Count == PageSize;
        }
        json.WriteEndArray();
        await json.FlushAsync(cancellationToken);
    }, cancellationToken);

    private static async Task WriteAsync(ZipArchiveEntry entry, Func<Utf8JsonWriter, Task> write, CancellationToken cancellationToken)
    {
        await using var stream = await entry.OpenAsync(cancellationToken);
        await using var json = new Utf8JsonWriter(stream, Indented);
        await write(json);
    }
}

using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using PhotoPlatform.Contracts;

namespace PhotoPlatform.Users.Tests;

public sealed class FollowTests(RunningUsersWithCheapPasswords users) : IClassFixture<RunningUsersWithCheapPasswords>
{
    [Fact]
    public async Task Following_is_told_once_and_counted_on_both_sides()
    {
        var (ada, bob) = (await users.SignUpAsync(), await users.SignUpAsync());
        for (var i = 0; i < 3; i++)
            Assert.Equal(HttpStatusCode.NoContent, await FollowAsync(ada.Id, bob.Handle.ToUpperInvariant()));
        Assert.Equal(((0, 1), (1, 0)), (await CountsAsync(ada.Handle), await CountsAsync(bob.Handle)));

        var told = await FollowedAsync(ada, bob);
        Assert.Equal((ada.Id, ada.Handle, "Ada", bob.Id), (told.FollowerId, told.FollowerHandle, told.FollowerName, told.FolloweeId));

        for (var i = 0; i < 2; i++)
            Assert.Equal(HttpStatusCode.NoContent, await UnfollowAsync(ada.Id, bob.Handle));
        Assert.Equal(((0, 0), (0, 0)), (await CountsAsync(ada.Handle), await CountsAsync(bob.Handle)));

        // The next message is of another follow: the repeated ones told nothing.
        await FollowAsync(bob.Id, ada.Handle);
        Assert.Equal(bob.Id, (await FollowedAsync(ada, bob)).FollowerId);
    }

    [Fact]
    public async Task Nobody_follows_themselves_somebody_unknown_or_anonymously()
    {
        var ada = await users.SomebodyAsync();
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await FollowAsync(ada.Id, ada.Handle));
        Assert.Equal(HttpStatusCode.NotFound, await FollowAsync(ada.Id, "nobody_has_this"));
        Assert.Equal(HttpStatusCode.NotFound, await UnfollowAsync(ada.Id, "nobody_has_this"));
        Assert.Equal(HttpStatusCode.NotFound, await FollowAsync(Guid.NewGuid(), ada.Handle));
        using var anonymous = users.Client();
        Assert.Equal(HttpStatusCode.Unauthorized, (await anonymous.PutAsync(new Uri($"/api/users/{ada.Handle}/follow", UriKind.Relative), null)).StatusCode);
    }

    [Fact]
    public async Task Who_follows_5000_cannot_follow_one_more()
    {
        var (ada, bob, carl) = (await users.SignUpAsync(), await users.SignUpAsync(), await users.SignUpAsync());
        await FollowAsync(ada.Id, bob.Handle);
        await users.Environment.QueryAsync<int>("users", "UPDATE users SET following_count = 5000 WHERE id = $1 RETURNING 1", ada.Id);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await FollowAsync(ada.Id, carl.Handle));
        // What is there already is no new one.
        Assert.Equal(HttpStatusCode.NoContent, await FollowAsync(ada.Id, bob.Handle));
    }

    [Fact]
    public async Task Lists_are_paged_newest_first_also_within_one_moment()
    {
        var star = await users.SignUpAsync();
        await SeedAsync("fan", 25);
        // Ten of one moment, so that the id has to decide.
        await users.Environment.QueryAsync<int>("users", """
            WITH fans AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM users WHERE handle LIKE 'fan_%'),
            added AS (INSERT INTO follows SELECT id, $1, timestamptz '2026-01-01 10:00:00.123456+00' + CASE WHEN n <= 10 THEN 0 ELSE n END * interval '1 microsecond' FROM fans),
            back AS (INSERT INTO follows SELECT $1, id, timestamptz '2026-01-01 10:00:00+00' + n / 7 * interval '1 second' FROM fans)
            UPDATE users SET follower_count = 25, following_count = 25 WHERE id = $1 RETURNING 1
            """, star.Id);
        foreach (var list in new[] { "followers", "following" })
        {
            var (seen, cursor) = (new List<JsonElement>(), "");
            for (var pages = 1; ; pages++)
            {
                var page = await ListAsync($"/api/users/{star.Handle}/{list}?limit=7&cursor={cursor}");
                seen.AddRange(page.GetProperty("items").EnumerateArray());
                if (page.GetProperty("next").GetString() is not { } next)
                {
                    Assert.Equal(4, pages);
                    break;
                }
                cursor = next;
            }
            Assert.Equal(["id", "handle", "displayName", "avatarUrl", "since"], seen[0].EnumerateObject().Select(property => property.Name));
            Assert.Equal(25, seen.Select(item => item.GetProperty("id").GetGuid()).Distinct().Count());
            Assert.Equal(seen.OrderByDescending(Since).ThenByDescending(item => item.GetProperty("id").GetGuid()).Select(item => item.GetProperty("id").GetGuid()), seen.Select(item => item.GetProperty("id").GetGuid()));
        }

        static DateTimeOffset Since(JsonElement item) => item.GetProperty("since").GetDateTimeOffset();
    }

    [Theory]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=101", "limit")]
    [InlineData("limit=-1", "limit")]
    [InlineData("limit=many", "limit")]
    [InlineData("limit=99999999999999999999", "limit")]
    [InlineData("cursor=x", "cursor")]
    [InlineData("cursor=0-0", "cursor")]
    [InlineData("cursor=ffffffffffffffff-00000000000000000000000000000000", "cursor")]
    [InlineData("cursor=%00-00000000000000000000000000000000", "cursor")]
    public async Task A_bad_page_is_named(string query, string field)
    {
        var ada = await users.SomebodyAsync();
        using var client = users.Client();
        using var response = await client.GetAsync(new Uri($"/api/users/{ada.Handle}/followers?{query}", UriKind.Relative));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal([field], (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").EnumerateObject().Select(error => error.Name));
    }

    [Theory]
    [InlineData("0-00000000000000000000000000000000")]
    [InlineData("7fffffffffffffff-ffffffffffffffffffffffffffffffff")]
    [InlineData("462ef28c0bbc000-ffffffffffffffffffffffffffffffff")]
    public async Task A_cursor_at_the_end_of_time_is_no_error_of_ours(string cursor)
    {
        var ada = await users.SomebodyAsync();
        using var client = users.Client();
        using var response = await client.GetAsync(new Uri($"/api/users/{ada.Handle}/followers?cursor={cursor}", UriKind.Relative));
        Assert.True((int)response.StatusCode < 500, response.StatusCode.ToString());
    }

    [Fact]
    public async Task Counts_are_exact_after_50_follow_and_unfollow_each_other_at_once()
    {
        await SeedAsync("many", 10);
        var everybody = await users.Environment.QueryAsync<string>("users", "SELECT id || ' ' || handle FROM users WHERE handle LIKE 'many_%' ORDER BY id");
        var people = everybody.Select(row => row.Split(' ')).Select(row => (Id: Guid.Parse(row[0]), Handle: row[1])).ToArray();
        // Everybody with everybody in both directions, so that any lock order but one would meet itself.
        var chance = new Random(1);
        var tasks = Enumerable.Range(0, 50).Select(i => (From: people[i % 10], To: people[(i + 1 + (i / 10)) % 10], Undo: chance.Next(3) == 0)).ToArray();
        var answers = await Task.WhenAll(tasks.Concat(tasks.Select(task => (From: task.To, To: task.From, task.Undo))).Select(async task =>
        {
            var first = await FollowAsync(task.From.Id, task.To.Handle);
            return task.Undo ? (first, await UnfollowAsync(task.From.Id, task.To.Handle)) : (first, first);
        }));
        Assert.All(answers, answer => Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NoContent), answer));
        Assert.Equal([0L], await users.Environment.QueryAsync<long>("users", """
            SELECT count(*) FROM users u WHERE handle LIKE 'many_%'
                AND (follower_count <> (SELECT count(*) FROM follows WHERE followee_id = u.id) OR following_count <> (SELECT count(*) FROM follows WHERE follower_id = u.id))
            """));
        Assert.NotEqual([0L], await users.Environment.QueryAsync<long>("users", "SELECT sum(follower_count) FROM users WHERE handle LIKE 'many_%'"));
    }

    /// <summary>The next follow of one of the two.</summary>
    private async Task<UserFollowed> FollowedAsync(params Account[] either)
    {
        for (; ; )
        {
            if ((await users.Followed.NextAsync()).Message is var told && either.Any(account => account.Id == told.FollowerId))
                return told;
        }
    }

    private async Task SeedAsync(string prefix, int count) => await users.Environment.QueryAsync<int>("users", """
        WITH made AS (INSERT INTO users (id, handle, display_name, password_hash, created_at)
            SELECT gen_random_uuid(), $1 || '_' || n, 'Fan ' || n, 'x', now() FROM generate_series(1, $2) n RETURNING id, handle)
        INSERT INTO handles (name, user_id) SELECT handle, id FROM made RETURNING 1
        """, prefix, count);

    private async Task<JsonElement> ListAsync(string path)
    {
        using var client = users.Client();
        return await client.GetFromJsonAsync<JsonElement>(path);
    }

    private async Task<HttpStatusCode> FollowAsync(Guid follower, string handle)
    {
        using var client = users.Client(follower);
        using var response = await client.PutAsync(new Uri($"/api/users/{handle}/follow", UriKind.Relative), null);
        return response.StatusCode;
    }

    private async Task<HttpStatusCode> UnfollowAsync(Guid follower, string handle)
    {
        using var client = users.Client(follower);
        using var response = await client.DeleteAsync(new Uri($"/api/users/{handle}/follow", UriKind.Relative));
        return response.StatusCode;
    }

    private async Task<(int Followers, int Following)> CountsAsync(string handle)
    {
        var user = await ListAsync(string.Create(CultureInfo.InvariantCulture, $"/api/users/{handle}"));
        return (user.GetProperty("followerCount").GetInt32(), user.GetProperty("followingCount").GetInt32());
    }
}

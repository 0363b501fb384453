using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using PhotoPlatform.Contracts;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Users.Tests;

public sealed class ProfileTests(RunningUsersWithCheapPasswords users) : IClassFixture<RunningUsersWithCheapPasswords>
{
    [Fact]
    public async Task A_profile_is_merged_member_by_member_and_null_removes_one()
    {
        var account = await users.SignUpAsync();
        await PatchAsync(account, """{"profile":{"city":"Paris","links":{"web":"https://a.example","blog":"b"},"tags":["x",null,1.5],"n":12345678901}}""");
        using var response = await PatchAsync(account, """{"profile":{"city":null,"links":{"blog":null,"more":{"x":null,"y":true}},"tags":[],"n":{"a":1}}}""");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("""{"links":{"more":{"y":true},"web":"https://a.example"},"n":{"a":1},"tags":[]}""", Sorted((await MeAsync(account)).GetProperty("profile")));
        using var emptied = await PatchAsync(account, """{"profile":null}""");
        Assert.Equal("{}", (await MeAsync(account)).GetProperty("profile").GetRawText());
    }

    [Fact]
    public async Task Of_two_profiles_that_are_merged_at_once_neither_is_lost()
    {
        var account = await users.SignUpAsync();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async i => (await PatchAsync(account, $$$"""{"profile":{"k{{{i}}}":{{{i}}}}}""")).Dispose()));
        Assert.Equal(20, (await MeAsync(account)).GetProperty("profile").EnumerateObject().Count());
    }

    public static TheoryData<string, string> OutOfBounds => new()
    {
        { "profile", """{"profile":[]}""" },
        { "profile", """{"profile":"text"}""" },
        { "profile", $$$"""{"profile":{"a":"{{{new string('x', 8192)}}}"}}""" },
        { "profile", """{"profile":{"1":{"2":{"3":{"4":{"5":{}}}}}}}""" },
        { "profile", """{"profile":{"1":[[[[[]]]]]}}""" },
        { "profile", "{\"profile\":{\"list\":[" + string.Join(',', Enumerable.Range(0, 64).Select(i => $"{{\"k{i}\":1}}")) + "]}}" },
        { "profile", """{"profile":{"a":"x\u0000y"}}""" },
        { "profile", """{"profile":{"a\u0000":1}}""" },
        { "profile", """{"profile":{"a":"\ud800"}}""" },
        { "profile", """{"profile":{"\udfff":1}}""" },
        { "profile", """{"profile":{"a":1e400}}""" },
        { "displayName", """{"displayName":null}""" },
        { "displayName", """{"displayName":" "}""" },
        { "displayName", """{"displayName":"a\u0000b"}""" },
        { "displayName", """{"displayName":"\ud800"}""" },
        { "displayName", """{"displayName":5}""" },
        { "handle", """{"handle":"other"}""" },
        { "email", """{"email":"other@example.org"}""" },
        { "passwordHash", """{"passwordHash":"x"}""" },
    };

    [Theory, MemberData(nameof(OutOfBounds))]
    public async Task What_is_out_of_bounds_is_named_and_changes_nothing(string field, string patch)
    {
        var account = await users.SomebodyAsync();
        var before = (await MeAsync(account)).GetRawText();
        using var response = await PatchAsync(account, patch);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal([field], (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").EnumerateObject().Select(error => error.Name));
        Assert.Equal(before, (await MeAsync(account)).GetRawText());
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("5")]
    [InlineData("{\"\\ud800\":1}")]
    [InlineData("{\"profile\":{}")]
    [InlineData("")]
    public async Task A_patch_that_is_no_object_is_refused(string patch)
    {
        using var response = await PatchAsync(await users.SomebodyAsync(), patch);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task Numbers_of_any_size_that_a_double_holds_can_be_stored()
    {
        var account = await users.SignUpAsync();
        using var response = await PatchAsync(account, """{"profile":{"a":1e308,"b":-1e-300,"c":9223372036854775807,"d":18446744073709551616,"e":1e-99999,"a ":0}}""");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var profile = (await MeAsync(account)).GetProperty("profile");
        Assert.Equal((1e308, -1e-300, long.MaxValue), (profile.GetProperty("a").GetDouble(), profile.GetProperty("b").GetDouble(), profile.GetProperty("c").GetInt64()));
    }

    [Fact]
    public async Task A_stale_etag_is_refused_and_a_current_one_is_304()
    {
        var account = await users.SignUpAsync();
        using var client = users.Client(account.Id);
        using var first = await client.GetAsync(new Uri("/api/users/me", UriKind.Relative));
        var tag = first.Headers.ETag!;
        Assert.False(tag.IsWeak);

        Assert.Equal(HttpStatusCode.NotModified, (await GetAsync(client, "/api/users/me", tag.ToString())).StatusCode);
        using var changed = await PatchAsync(account, """{"profile":{"a":1}}""", tag.ToString());
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        Assert.NotEqual(tag, changed.Headers.ETag);
        using var stale = await PatchAsync(account, """{"profile":{"a":2}}""", tag.ToString());
        Assert.Equal(HttpStatusCode.PreconditionFailed, stale.StatusCode);
        Assert.Equal(1, (await MeAsync(account)).GetProperty("profile").GetProperty("a").GetInt32());
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(client, "/api/users/me", tag.ToString())).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await PatchAsync(account, """{"profile":{"a":3}}""", "*")).StatusCode);

        // A follower in between is no conflict, but the answer is another one.
        var before = (await client.GetAsync(new Uri("/api/users/me", UriKind.Relative))).Headers.ETag!;
        using var follower = users.Client((await users.SignUpAsync()).Id);
        (await follower.PutAsync(new Uri($"/api/users/{account.Handle}/follow", UriKind.Relative), null)).EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(client, "/api/users/me", before.ToString())).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await PatchAsync(account, """{"profile":{"a":4}}""", before.ToString())).StatusCode);
    }

    [Fact]
    public async Task A_new_name_is_told_with_the_whole_state_and_a_version_that_counts_up()
    {
        var account = await users.SignUpAsync();
        foreach (var name in new[] { "Grace", "Grace", "Grace Hopper" })
            (await PatchAsync(account, JsonSerializer.Serialize(new { displayName = name }))).EnsureSuccessStatusCode();
        (await PatchAsync(account, """{"profile":{"a":1}}""")).EnsureSuccessStatusCode();

        // In this class nobody else changes a name.
        var (first, second) = ((await users.Changed.NextAsync()).Message, (await users.Changed.NextAsync()).Message);
        Assert.Equal((account.Id, 1L, account.Handle, "Grace", account.Email), (first.UserId, first.Version, first.Handle, first.DisplayName, first.Email));
        Assert.Equal((2L, "Grace Hopper"), (second.Version, second.DisplayName));
        Assert.Equal([2L], await users.Environment.QueryAsync<long>("users", "SELECT version FROM users WHERE id = $1", account.Id));
    }

    [Fact]
    public async Task Everybody_sees_a_public_profile_without_the_address()
    {
        var account = await users.SignUpAsync();
        (await PatchAsync(account, """{"profile":{"city":"Oslo"}}""")).EnsureSuccessStatusCode();
        using var anybody = users.Client();
        using var response = await anybody.GetAsync(new Uri($"/api/users/{account.Handle.ToUpperInvariant()}", UriKind.Relative));
        var text = await response.Content.ReadAsStringAsync();
        var body = JsonDocument.Parse(text).RootElement;
        Assert.Equal(["id", "handle", "displayName", "profile", "avatarUrl", "followerCount", "followingCount", "createdAt"], body.EnumerateObject().Select(property => property.Name));
        Assert.Equal("Oslo", body.GetProperty("profile").GetProperty("city").GetString());
        Assert.DoesNotContain("@", text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotModified, (await GetAsync(anybody, $"/api/users/{account.Handle}", response.Headers.ETag!.ToString())).StatusCode);
    }

    [Theory]
    [InlineData("nobody_has_this")]
    [InlineData("%F0%9F%A6%8A%F0%9F%A6%8A")]
    [InlineData("..%2F..%2Fme")]
    [InlineData("' OR 1=1")]
    public async Task Nobody_is_404(string handle)
    {
        using var anybody = users.Client();
        foreach (var path in new[] { "", "/followers", "/following" })
        {
            using var response = await anybody.GetAsync(new Uri($"/api/users/{handle}{path}", UriKind.Relative));
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        }
    }

    [Fact]
    public async Task The_newest_avatar_photo_is_the_avatar_in_whatever_order_they_come()
    {
        var account = await users.SignUpAsync();
        var (older, newer) = (PhotoAt(1), PhotoAt(2));
        await users.HandleAsync(Ready(account, newer, "/media/newer/thumb"));
        await users.HandleAsync(Ready(account, older, "/media/older/thumb"));
        await users.HandleAsync(new PhotoReady(PhotoAt(3), account.Id, 1, null, TimeProvider.System.GetUtcNow()));
        Assert.Equal("/media/newer/thumb", await AvatarAsync(account));

        // Its deletion takes it away, and the older one does not come back.
        await users.HandleAsync(new PhotoDeleted(newer, account.Id, "originals/x", TimeProvider.System.GetUtcNow()));
        Assert.Null(await AvatarAsync(account));
        await users.HandleAsync(Ready(account, older, "/media/older/thumb"));
        Assert.Null(await AvatarAsync(account));
        await users.HandleAsync(Ready(account, PhotoAt(4), "/media/newest/thumb"));
        using var anybody = users.Client();
        Assert.Equal("/media/newest/thumb", (await anybody.GetFromJsonAsync<JsonElement>($"/api/users/{account.Handle}")).GetProperty("avatarUrl").GetString());
    }

    [Fact]
    public async Task A_photo_whose_deletion_comes_first_never_becomes_the_avatar()
    {
        var account = await users.SignUpAsync();
        var photo = PhotoAt(1);
        await users.HandleAsync(new PhotoDeleted(photo, account.Id, "originals/x", TimeProvider.System.GetUtcNow()));
        await users.HandleAsync(Ready(account, photo, "/media/gone/thumb"));
        Assert.Null(await AvatarAsync(account));
    }

    [Fact]
    public async Task Messages_that_come_twice_and_at_once_have_one_effect()
    {
        var account = await users.SignUpAsync();
        var photos = Enumerable.Range(1, 6).Select(PhotoAt).ToArray();
        var ids = photos.Select(_ => Guid.CreateVersion7()).ToArray();
        await Task.WhenAll(Enumerable.Range(0, 18).Select(i => users.HandleAsync(Ready(account, photos[i % 6], $"/media/{i % 6}/thumb"), ids[i % 6])));
        await users.HandleAsync(new PhotoReady(Guid.NewGuid(), Guid.NewGuid(), 1, "/media/nobody/thumb", TimeProvider.System.GetUtcNow()));
        Assert.Equal("/media/5/thumb", await AvatarAsync(account));
        await Task.WhenAll(Enumerable.Range(0, 18).Select(i => users.HandleAsync(new PhotoDeleted(photos[i % 6], account.Id, "originals/x", TimeProvider.System.GetUtcNow()), ids[i % 6])));
        Assert.Null(await AvatarAsync(account));
        Assert.Empty(await users.Environment.PeekAsync("users-photo-ready.dead"));
        Assert.Empty(await users.Environment.PeekAsync("users-photo-deleted.dead"));
    }

    private static PhotoReady Ready(Account account, Guid photo, string url) => new(photo, account.Id, 1, url, TimeProvider.System.GetUtcNow());

    /// <summary>An id of the n-th second.</summary>
    private static Guid PhotoAt(int second)
    {
        var clock = new TestClock();
        clock.Advance(TimeSpan.FromSeconds(second * 10));
        return PlatformId.New(clock, 7);
    }

    private async Task<string?> AvatarAsync(Account account) => (await MeAsync(account)).GetProperty("avatarUrl").GetString();

    private async Task<JsonElement> MeAsync(Account account)
    {
        using var client = users.Client(account.Id);
        return await client.GetFromJsonAsync<JsonElement>("/api/users/me");
    }

    private async Task<HttpResponseMessage> PatchAsync(Account account, string body, string? ifMatch = null)
    {
        using var client = users.Client(account.Id);
        using var request = new HttpRequestMessage(HttpMethod.Patch, "/api/users/me") { Content = RunningUsers.Body(body) };
        if (ifMatch is not null)
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        return await client.SendAsync(request);
    }

    private static async Task<HttpResponseMessage> GetAsync(HttpClient client, string path, string ifNoneMatch)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("If-None-Match", ifNoneMatch);
        return await client.SendAsync(request);
    }

    private static string Sorted(JsonElement element) => element.ValueKind == JsonValueKind.Object
        ? "{" + string.Join(',', element.EnumerateObject().OrderBy(member => member.Name, StringComparer.Ordinal).Select(member => $"\"{member.Name}\":{Sorted(member.Value)}")) + "}"
        : element.GetRawText();
}

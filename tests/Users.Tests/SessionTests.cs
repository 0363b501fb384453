using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using PhotoPlatform.ServiceDefaults.Caching;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Users.Tests;

public sealed class SessionTests(RunningUsers users) : IClassFixture<RunningUsers>
{
    [Fact]
    public async Task Signing_in_gives_a_token_and_a_cookie_that_only_the_browser_holds()
    {
        var account = await users.SignUpAsync();
        using var client = users.Service.Client();
        using var response = await client.PostAsJsonAsync("/api/sessions", new { email = account.Email.ToUpperInvariant(), password = RunningUsers.Password });

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        var body = await response.Content.ReadFromJsonAsync<JsonElement>();
        var token = body.GetProperty("token").GetString()!;
        Assert.Equal(43, token.Length);
        Assert.InRange(body.GetProperty("expiresAt").GetDateTimeOffset() - TimeProvider.System.GetUtcNow(), TimeSpan.FromDays(29), TimeSpan.FromDays(31));

        var cookie = Assert.Single(response.Headers.GetValues("Set-Cookie")).Split("; ");
        Assert.Equal($"__Host-session={token}", cookie[0]);
        Assert.Equal(["httponly", "path=/", "samesite=lax", "secure"], cookie[1..].Where(part => !part.StartsWith("expires=", StringComparison.Ordinal)).Order());
        Assert.Equal([SessionCache.HashOf(token)], await users.Environment.QueryAsync<string>("users", "SELECT token_hash FROM sessions WHERE user_id = $1", account.Id));
        Assert.Equal(account.Id, (await users.ResolveAsync(token))!.UserId);
    }

    [Fact]
    public async Task Each_sign_in_has_a_token_of_its_own()
    {
        var account = await users.SomebodyAsync();
        Assert.NotEqual((await users.SignInAsync(account)).Token, (await users.SignInAsync(account)).Token);
    }

    [Fact]
    public async Task A_wrong_password_and_an_unknown_address_get_the_same_answer()
    {
        var account = await users.SignUpAsync();
        var answers = new List<string>();
        foreach (var (email, password) in new[] { (account.Email, "wrong horse battery"), ("nobody@example.org", RunningUsers.Password), ("a\0b@example.org", RunningUsers.Password) })
        {
            using var client = users.Service.Client();
            using var response = await client.PostAsJsonAsync("/api/sessions", new { email, password });
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            Assert.False(response.Headers.Contains("Set-Cookie"));
            answers.Add(await response.WithoutTraceAsync());
        }
        Assert.Single(answers.Distinct());
        Assert.Empty(await users.Environment.QueryAsync<Guid>("users", "SELECT id FROM sessions WHERE user_id = $1", account.Id));
    }

    [Fact]
    public async Task Missing_credentials_are_named()
    {
        using var client = users.Service.Client();
        using var response = await client.PostAsJsonAsync("/api/sessions", new { password = new string('x', 200) });
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(["email", "password"], (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").EnumerateObject().Select(error => error.Name));
    }

    [Theory]
    [InlineData("http", "photos.example.org", true)]
    [InlineData("http", "192.168.1.5:8080", true)]
    [InlineData("https", "photos.example.org", false)]
    [InlineData("http", "localhost:8080", false)]
    [InlineData("http", "127.0.0.1:8080", false)]
    [InlineData("http", "[::1]:8080", false)]
    public async Task Where_a_browser_would_drop_the_cookie_the_answer_says_so(string scheme, string host, bool noticed)
    {
        var account = await users.SomebodyAsync();
        using var client = users.Service.Client();
        client.DefaultRequestHeaders.Add("X-Forwarded-Proto", scheme);
        client.DefaultRequestHeaders.Add("X-Forwarded-Host", host);
        using var response = await client.PostAsJsonAsync("/api/sessions", new { account.Email, password = RunningUsers.Password });
        var notice = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("notice").GetString();
        Assert.Equal(noticed, notice is not null);
        if (noticed)
            Assert.Contains("Cookies:AllowInsecure", notice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task On_a_test_network_the_cookie_works_without_tls_under_another_name()
    {
        await using var insecure = await users.StartAsync(new() { ["Cookies:AllowInsecure"] = "true" });
        var account = await users.SomebodyAsync();
        using var client = insecure.Client();
        client.DefaultRequestHeaders.Add("X-Forwarded-Host", "192.168.1.5");
        using var response = await client.PostAsJsonAsync("/api/sessions", new { account.Email, password = RunningUsers.Password });
        var cookie = Assert.Single(response.Headers.GetValues("Set-Cookie"));
        Assert.StartsWith("session=", cookie, StringComparison.Ordinal);
        Assert.DoesNotContain("secure", cookie, StringComparison.Ordinal);
        Assert.Contains("httponly", cookie, StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("notice").ValueKind);
    }

    [Fact]
    public async Task Signing_out_ends_this_session_everywhere_and_no_other()
    {
        var account = await users.SomebodyAsync();
        var (token, session) = await users.SignInAsync(account);
        var (other, _) = await users.SignInAsync(account);
        var cache = users.Service.Services.GetRequiredService<SessionCache>();
        Assert.True((await cache.ReadAsync(SessionCache.HashOf(token), default)).Known);

        using var client = users.Service.Client(account.Id, session);
        using var response = await client.DeleteAsync(new Uri("/api/sessions/current", UriKind.Relative));

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        var cookie = Assert.Single(response.Headers.GetValues("Set-Cookie"));
        Assert.StartsWith("__Host-session=; expires=Thu, 01 Jan 1970", cookie, StringComparison.Ordinal);
        Assert.Contains("secure", cookie, StringComparison.Ordinal);
        Assert.Null(await users.ResolveAsync(token));
        Assert.Equal((true, null), await cache.ReadAsync(SessionCache.HashOf(token), default));
        Assert.NotNull(await users.ResolveAsync(other));

        // A resolve that read the row before it went must not bring the session back.
        await cache.WriteAsync(SessionCache.HashOf(token), new(account.Id, session, TimeProvider.System.GetUtcNow().AddDays(1)), default);
        Assert.Equal((true, null), await cache.ReadAsync(SessionCache.HashOf(token), default));
        using var again = await client.DeleteAsync(new Uri("/api/sessions/current", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NoContent, again.StatusCode);
    }

    [Fact]
    public async Task Nobody_ends_the_session_of_somebody_else()
    {
        var account = await users.SomebodyAsync();
        var (token, session) = await users.SignInAsync(account);
        using var stranger = users.Service.Client(Guid.NewGuid(), session);
        using var response = await stranger.DeleteAsync(new Uri("/api/sessions/current", UriKind.Relative));
        Assert.NotNull(await users.ResolveAsync(token));
    }

    [Fact]
    public async Task Me_is_the_signed_in_user()
    {
        var account = await users.SomebodyAsync();
        using var client = users.Service.Client(account.Id);
        var me = await client.GetFromJsonAsync<JsonElement>("/api/users/me");
        Assert.Equal(["id", "handle", "displayName", "email", "createdAt", "profile", "avatarUrl", "followerCount", "followingCount"], me.EnumerateObject().Select(property => property.Name));
        Assert.Equal((account.Id, account.Handle, account.Email), (me.GetProperty("id").GetGuid(), me.GetProperty("handle").GetString()!, me.GetProperty("email").GetString()!));
    }

    [Fact]
    public async Task An_expired_session_is_unknown()
    {
        var account = await users.SomebodyAsync();
        var (token, session) = await users.SignInAsync(account);
        await users.Environment.QueryAsync<Guid>("users", "UPDATE sessions SET expires_at = now() - interval '1 second' WHERE id = $1 RETURNING id", session);
        Assert.Null(await users.ResolveAsync(token));
    }

    [Fact]
    public async Task Without_redis_people_sign_in_and_out()
    {
        await using var alone = await users.StartAsync(new() { ["ConnectionStrings:redis"] = "127.0.0.1:1,connectRetry=1" });
        var account = await users.SomebodyAsync();
        using var client = alone.Client();
        using var signedIn = await client.PostAsJsonAsync("/api/sessions", new { account.Email, password = RunningUsers.Password });
        Assert.Equal(HttpStatusCode.Created, signedIn.StatusCode);
        var session = (await users.ResolveAsync((await signedIn.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("token").GetString()!))!;
        using var me = alone.Client(account.Id, session.SessionId);
        using var signedOut = await me.DeleteAsync(new Uri("/api/sessions/current", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NoContent, signedOut.StatusCode);
    }

    [Fact]
    public async Task What_redis_could_not_be_told_it_forgets_within_30_seconds()
    {
        var (token, _) = await users.SignInAsync(await users.SomebodyAsync());
        var redis = users.Service.Services.GetRequiredService<RedisAccess>();
        var left = await redis.TryAsync(db => db.KeyTimeToLiveAsync($"session:{SessionCache.HashOf(token)}"), null, default);
        Assert.InRange(left!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
    }
}

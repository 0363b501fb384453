using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using PhotoPlatform.Contracts;
using PhotoPlatform.ServiceDefaults.Caching;
using PhotoPlatform.Users.Sessions;

namespace PhotoPlatform.Users.Tests;

public sealed class SessionListTests(RunningUsersWithCheapPasswords users) : IClassFixture<RunningUsersWithCheapPasswords>
{
    [Fact]
    public async Task One_sees_ones_own_sessions_with_device_and_times_and_no_secret()
    {
        var account = await users.SignUpAsync();
        var first = await SignInAsync(account, "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
        var second = await SignInAsync(account, "curl/8.5.0");
        using var client = users.Client(account.Id, second.SessionId);
        using var response = await client.GetAsync(new Uri("/api/sessions", UriKind.Relative));
        var text = await response.Content.ReadAsStringAsync();
        var items = JsonDocument.Parse(text).RootElement.GetProperty("items").EnumerateArray().ToArray();

        Assert.Equal(["id", "device", "createdAt", "lastSeenAt", "expiresAt", "current"], items[0].EnumerateObject().Select(property => property.Name));
        Assert.Equal([(second.SessionId, "curl", true), (first.SessionId, "Firefox on Linux", false)],
            items.Select(item => (item.GetProperty("id").GetGuid(), item.GetProperty("device").GetString()!, item.GetProperty("current").GetBoolean())));
        Assert.DoesNotContain(SessionCache.HashOf(first.Token), text, StringComparison.Ordinal);
        using var anonymous = users.Client();
        Assert.Equal(HttpStatusCode.Unauthorized, (await anonymous.GetAsync(new Uri("/api/sessions", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task When_a_session_was_seen_is_noted_again_after_some_minutes_only()
    {
        var account = await users.SignUpAsync();
        var (token, session) = await users.SignInAsync(account);
        var first = await SeenAsync(session);
        await users.ResolveAsync(token);
        Assert.Equal(first, await SeenAsync(session));
        users.Clock.Advance(TimeSpan.FromMinutes(6));
        await users.ResolveAsync(token);
        Assert.InRange(await SeenAsync(session) - first, TimeSpan.FromMinutes(6), TimeSpan.FromMinutes(9));
    }

    [Fact]
    public async Task One_session_is_ended_everywhere_and_told()
    {
        var account = await users.SignUpAsync();
        var (kept, ended) = (await users.SignInAsync(account), await users.SignInAsync(account));
        Assert.Equal(HttpStatusCode.NoContent, await DeleteAsync(account, kept.SessionId, $"/{ended.SessionId}"));
        Assert.Null(await users.ResolveAsync(ended.Token));
        Assert.NotNull(await users.ResolveAsync(kept.Token));
        Assert.Equal((true, null), await users.Service.Services.GetRequiredService<SessionCache>().ReadAsync(SessionCache.HashOf(ended.Token), default));
        Assert.Equal([ended.SessionId], await RevokedAsync(account, 1));
        Assert.Equal(HttpStatusCode.NotFound, await DeleteAsync(account, kept.SessionId, $"/{ended.SessionId}"));
    }

    [Fact]
    public async Task The_session_of_somebody_else_is_not_there()
    {
        var (ada, bob) = (await users.SomebodyAsync(), await users.SignUpAsync());
        var session = await users.SignInAsync(bob);
        Assert.Equal(HttpStatusCode.NotFound, await DeleteAsync(ada, Guid.CreateVersion7(), $"/{session.SessionId}"));
        Assert.Equal(HttpStatusCode.NotFound, await DeleteAsync(ada, Guid.CreateVersion7(), $"/{Guid.NewGuid()}"));
        Assert.NotNull(await users.ResolveAsync(session.Token));
    }

    [Fact]
    public async Task All_others_end_or_all()
    {
        var account = await users.SignUpAsync();
        var sessions = new List<(string Token, Guid SessionId)>();
        for (var i = 0; i < 4; i++)
            sessions.Add(await users.SignInAsync(account));
        Assert.Equal(HttpStatusCode.NoContent, await DeleteAsync(account, sessions[0].SessionId, ""));
        Assert.Equal(sessions[1..].Select(session => session.SessionId).Order(), (await RevokedAsync(account, 3)).Order());
        Assert.NotNull(await users.ResolveAsync(sessions[0].Token));
        Assert.Equal(HttpStatusCode.NoContent, await DeleteAsync(account, sessions[0].SessionId, "?all=true"));
        Assert.Equal([sessions[0].SessionId], await RevokedAsync(account, 1));
        Assert.Null(await users.ResolveAsync(sessions[0].Token));
        Assert.Equal(HttpStatusCode.BadRequest, await DeleteAsync(account, sessions[0].SessionId, "?all=perhaps"));
    }

    [Fact]
    public async Task With_the_101st_session_the_oldest_ends()
    {
        var account = await users.SignUpAsync();
        var oldest = await users.SignInAsync(account);
        users.Clock.Advance(TimeSpan.FromMilliseconds(10));
        await users.Environment.QueryAsync<int>("users", """
            INSERT INTO sessions (id, token_hash, user_id, created_at, expires_at, device, last_seen_at)
            SELECT ('ffffffff-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, $1 || n, $2, now(), now() + interval '1 day', '', now() FROM generate_series(1, 98) n RETURNING 1
            """, account.Handle, account.Id);
        var hundredth = await users.SignInAsync(account);
        Assert.NotNull(await users.ResolveAsync(oldest.Token));
        await users.SignInAsync(account);
        Assert.Null(await users.ResolveAsync(oldest.Token));
        Assert.NotNull(await users.ResolveAsync(hundredth.Token));
        Assert.Equal([oldest.SessionId], await RevokedAsync(account, 1));
        Assert.Equal([100L], await users.Environment.QueryAsync<long>("users", "SELECT count(*) FROM sessions WHERE user_id = $1", account.Id));
    }

    [Theory]
    [InlineData("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0", "Edge on Windows")]
    [InlineData("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15", "Safari on macOS")]
    [InlineData("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/141.0 Mobile/15E148 Safari/604.1", "Chrome on iPhone")]
    [InlineData("Mozilla/5.0 (Linux; Android 14; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36", "Samsung Internet on Android")]
    [InlineData("PhotoUploader/1.2 (Linux)", "PhotoUploader on Linux")]
    [InlineData("", "Unknown device")]
    [InlineData("<script>alert(1)</script>", "Unknown device")]
    [InlineData("\u202Eevil\r\nSet-Cookie: x", "Unknown device")]
    public void A_device_is_said_in_a_few_words(string userAgent, string device) => Assert.Equal(device, Device.Of(userAgent));

    [Fact]
    public void A_device_is_never_long() => Assert.InRange(Device.Of($"{new string('x', 100_000)} Windows").Length, 1, 60);

    private async Task<(string Token, Guid SessionId)> SignInAsync(Account account, string userAgent)
    {
        using var client = users.Client();
        client.DefaultRequestHeaders.UserAgent.ParseAdd(userAgent);
        using var response = await client.PostAsJsonAsync("/api/sessions", new { account.Email, password = RunningUsers.Password });
        var token = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("token").GetString()!;
        return (token, (await users.ResolveAsync(token))!.SessionId);
    }

    private async Task<DateTimeOffset> SeenAsync(Guid session) => Assert.Single(await users.Environment.QueryAsync<DateTimeOffset>("users", "SELECT last_seen_at FROM sessions WHERE id = $1", session));

    private async Task<HttpStatusCode> DeleteAsync(Account account, Guid session, string rest)
    {
        using var client = users.Client(account.Id, session);
        using var response = await client.DeleteAsync(new Uri($"/api/sessions{rest}", UriKind.Relative));
        return response.StatusCode;
    }

    private async Task<List<Guid>> RevokedAsync(Account account, int count)
    {
        var ended = new List<Guid>();
        while (ended.Count < count)
        {
            if ((await users.Revoked.NextAsync()).Message is SessionRevoked revoked && revoked.UserId == account.Id)
                ended.Add(revoked.SessionId);
        }
        return ended;
    }
}

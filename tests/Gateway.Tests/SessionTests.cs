using System.Net;
using System.Net.Http.Json;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Gateway.Tests;

public sealed class SessionTests(RunningGateway running) : IClassFixture<RunningGateway>
{
    private static readonly Uri Me = new("/api/users/me", UriKind.Relative);
    private static readonly Uri Current = new("/api/sessions/current", UriKind.Relative);

    [Fact]
    public async Task A_session_that_redis_knows_costs_users_no_question()
    {
        var (user, token) = await running.SignInAsync();
        var questions = running.Questions();
        using var client = running.Client(token);
        for (var i = 0; i < 3; i++)
            Assert.Contains(user.ToString(), await client.GetStringAsync(Me), StringComparison.Ordinal);
        Assert.Equal(questions, running.Questions());
    }

    [Fact]
    public async Task An_unknown_token_is_anonymous_and_asked_about_once()
    {
        using var client = running.Client("a-token-that-nobody-was-given");
        var questions = running.Questions();
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.GetAsync(Me)));
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode));
        using var photos = await client.GetAsync(new Uri("/api/photos", UriKind.Relative));
        Assert.Null(RunningGateway.IdentityOf((await photos.Content.ReadFromJsonAsync<Echo>())!, "media").UserId);
        Assert.Equal(1, running.Questions() - questions);
    }

    [Fact]
    public async Task What_cannot_be_a_token_is_not_asked_about()
    {
        var questions = running.Questions();
        foreach (var token in new[] { new string('x', 129), new string('x', 20_000), "   " })
        {
            using var client = running.Client();
            using var request = new HttpRequestMessage(HttpMethod.Get, Me);
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
            await RunningGateway.AssertProblemAsync(HttpStatusCode.Unauthorized, await client.SendAsync(request));
        }
        using var known = running.Client("another-unknown-token");
        using var page = await known.GetAsync(new Uri("/", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Equal(questions, running.Questions());
    }

    [Fact]
    public async Task A_session_that_was_ended_is_over_at_once()
    {
        var (_, token) = await running.SignInAsync();
        using var client = running.Client(token);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(Me)).StatusCode);
        using var ended = await client.DeleteAsync(Current);
        Assert.Equal(HttpStatusCode.NoContent, ended.StatusCode);
        await RunningGateway.AssertProblemAsync(HttpStatusCode.Unauthorized, await client.GetAsync(Me));
        await RunningGateway.AssertProblemAsync(HttpStatusCode.Unauthorized, await client.DeleteAsync(Current));
    }

    [Fact]
    public async Task The_cookie_of_the_sign_in_signs_in_and_the_one_of_the_sign_out_does_not()
    {
        using var client = running.Client();
        var handle = $"u{Guid.NewGuid():N}"[..20];
        var account = new { email = $"{handle}@example.org", handle, displayName = "Ada", password = "correct horse battery" };
        (await client.PostAsJsonAsync("/api/users", account)).Dispose();
        using var signedIn = await client.PostAsJsonAsync("/api/sessions", new { account.email, account.password });
        var cookie = Assert.Single(signedIn.Headers.GetValues("Set-Cookie")).Split(';')[0];

        using var me = new HttpRequestMessage(HttpMethod.Get, Me) { Headers = { { "Cookie", cookie } } };
        Assert.Equal(HttpStatusCode.OK, (await client.SendAsync(me)).StatusCode);
        using var signOut = new HttpRequestMessage(HttpMethod.Delete, Current) { Headers = { { "Cookie", cookie } } };
        using var signedOut = await client.SendAsync(signOut);
        Assert.StartsWith("__Host-session=;", Assert.Single(signedOut.Headers.GetValues("Set-Cookie")), StringComparison.Ordinal);
        using var again = new HttpRequestMessage(HttpMethod.Get, Me) { Headers = { { "Cookie", cookie } } };
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.SendAsync(again)).StatusCode);
    }

    [Fact]
    public async Task Without_redis_people_stay_signed_in_and_can_sign_out()
    {
        var (user, token) = await running.SignInAsync();
        await using var alone = await running.StartAsync(("ConnectionStrings:redis", RunningGateway.NoRedis));
        using var client = running.Client(token, alone);
        for (var i = 0; i < 6; i++)
            Assert.Contains(user.ToString(), await client.GetStringAsync(Me), StringComparison.Ordinal);
        using var ended = await client.DeleteAsync(Current);
        Assert.Equal(HttpStatusCode.NoContent, ended.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync(Me)).StatusCode);
    }

    [Fact]
    public async Task While_users_is_away_those_whom_redis_knows_go_on_and_the_others_are_told_to_come_back()
    {
        var (user, token) = await running.SignInAsync();
        await using var cut = await running.StartAsync(("services:users:http:0", RunningGateway.Nobody));
        using var known = running.Client(token, cut);
        using var photos = await known.GetAsync(new Uri("/api/photos", UriKind.Relative));
        Assert.Equal(user, RunningGateway.IdentityOf((await photos.Content.ReadFromJsonAsync<Echo>())!, "media").UserId);

        using var unknown = running.Client("neither-redis-nor-anybody-knows", cut);
        using var refused = await unknown.GetAsync(new Uri("/api/photos", UriKind.Relative));
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter!.Delta);
        await RunningGateway.AssertProblemAsync(HttpStatusCode.ServiceUnavailable, refused);
        using var nobody = running.Client(gateway: cut);
        Assert.Equal(HttpStatusCode.OK, (await nobody.GetAsync(new Uri("/api/photos", UriKind.Relative))).StatusCode);

        // What could not be checked is not remembered as unknown.
        await using var both = await running.StartAsync(("services:users:http:0", RunningGateway.Nobody), ("ConnectionStrings:redis", RunningGateway.NoRedis));
        using var client = running.Client(token, both);
        await RunningGateway.AssertProblemAsync(HttpStatusCode.ServiceUnavailable, await client.GetAsync(new Uri("/api/photos", UriKind.Relative)));
    }

    [Fact]
    public async Task A_users_service_that_comes_back_is_asked_again()
    {
        var (_, token) = await running.SignInAsync();
        await using var relay = new TcpRelay(running.Users.Address.Host, running.Users.Address.Port);
        await using var gateway = await running.StartAsync(("services:users:http:0", $"http://127.0.0.1:{relay.Port}"), ("ConnectionStrings:redis", RunningGateway.NoRedis));
        using var client = running.Client(token, gateway);
        await relay.CutAsync();
        await RunningGateway.AssertProblemAsync(HttpStatusCode.ServiceUnavailable, await client.GetAsync(Me));
        relay.Restore();
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(Me)).StatusCode);
    }

    [Fact]
    public async Task A_gateway_with_another_key_is_told_nothing_and_says_so()
    {
        var (_, token) = await running.SignInAsync();
        await using var stranger = await running.StartAsync(("Identity:Key", "another key than the one that services know"), ("ConnectionStrings:redis", RunningGateway.NoRedis));
        using var client = running.Client(token, stranger);
        await RunningGateway.AssertProblemAsync(HttpStatusCode.ServiceUnavailable, await client.GetAsync(Me));
    }
}

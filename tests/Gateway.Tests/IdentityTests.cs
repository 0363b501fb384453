using System.Net.Http.Json;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Gateway.Tests;

/// <summary>What a service behind the gateway sees of a request.</summary>
public sealed class IdentityTests(RunningGateway running) : IClassFixture<RunningGateway>
{
    [Fact]
    public async Task What_a_caller_says_of_itself_does_not_reach_a_service()
    {
        using var client = running.Client();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/photos?a=b%20c");
        var forged = new IdentitySigner(System.Text.Encoding.UTF8.GetBytes(TestEnvironment.IdentityKey), TimeProvider.System).Sign("media", Guid.NewGuid(), Guid.NewGuid(), CallerIdentity.GatewayRole);
        foreach (var name in new[] { "X-Internal-Identity", "x-internal-roles", "X-INTERNAL-User", "X-Internal-" })
            request.Headers.TryAddWithoutValidation(name, forged);
        request.Headers.TryAddWithoutValidation("Cookie", "a=b; __Host-session=guess");
        request.Headers.TryAddWithoutValidation("X-Forwarded-For", "1.2.3.4");
        request.Headers.TryAddWithoutValidation("X-Forwarded-Host", "evil.example");
        request.Headers.TryAddWithoutValidation("X-Forwarded-Proto", "https");
        request.Headers.TryAddWithoutValidation("X-Other", "kept");
        var echo = await EchoAsync(client, request);

        Assert.Equal(("/api/photos", "?a=b%20c"), (echo.Path, echo.Query));
        Assert.Equal(["x-internal-identity"], echo.Headers.Keys.Where(name => name.StartsWith("x-internal", StringComparison.Ordinal)));
        var identity = RunningGateway.IdentityOf(echo, "media");
        Assert.Equal((null, null), (identity.UserId, identity.SessionId));
        Assert.Empty(identity.Roles);
        Assert.DoesNotContain("cookie", echo.Headers.Keys);
        Assert.Equal(("127.0.0.1", running.Gateway.Address.Authority, "http", "kept"),
            (echo.Headers["x-forwarded-for"].Replace("::ffff:", "", StringComparison.Ordinal), echo.Headers["x-forwarded-host"], echo.Headers["x-forwarded-proto"], echo.Headers["x-other"]));
    }

    [Fact]
    public async Task A_signed_in_user_is_named_to_each_service_for_it_alone()
    {
        var (user, token) = await running.SomebodyAsync();
        using var client = running.Client(token);
        foreach (var (path, audience) in new[] { ("/api/photos", "media"), ("/media/x", "media"), ("/api/users/somebody/photos", "media"), ("/api/users/somebody/photos/x", "media") })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            var echo = await EchoAsync(client, request);
            var identity = RunningGateway.IdentityOf(echo, audience);
            Assert.Equal(user, identity.UserId);
            Assert.NotNull(identity.SessionId);
            Assert.Empty(identity.Roles);
            Assert.InRange(identity.ExpiresAt, TimeProvider.System.GetUtcNow().AddSeconds(30).ToUnixTimeSeconds(), TimeProvider.System.GetUtcNow().AddSeconds(60).ToUnixTimeSeconds());
            Assert.Throws<InvalidOperationException>(() => RunningGateway.IdentityOf(echo, "users"));
            Assert.DoesNotContain("authorization", echo.Headers.Keys);
        }
        Assert.DoesNotContain(running.Gateway.Logs.All.Concat(running.Users.Logs.All), line => line.Message.Contains(token, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Bearer TOKEN", null)]
    [InlineData("bearer  TOKEN ", null)]
    [InlineData("Bearer TOKEN", "__Host-session=stale")]
    [InlineData(null, "__Host-session=TOKEN")]
    [InlineData(null, "a=b; __Host-session=TOKEN; c=d")]
    [InlineData("Basic YTpi", "__Host-session=TOKEN")]
    public async Task A_token_is_found_in_the_header_or_in_the_cookie(string? authorization, string? cookie)
    {
        var (user, token) = await running.SomebodyAsync();
        Assert.Equal(user, RunningGateway.IdentityOf(await EchoAsync(running.Gateway, authorization, cookie, token), "media").UserId);
    }

    [Theory]
    [InlineData("Bearer", "__Host-session=TOKEN1")]
    [InlineData("Bearer ", null)]
    [InlineData("Bearer stale", "__Host-session=TOKEN")]
    [InlineData("TOKEN", null)]
    [InlineData(null, "session=TOKEN")]
    [InlineData(null, "__Host-session=\"TOKEN")]
    public async Task Anything_else_is_anonymous(string? authorization, string? cookie)
    {
        var (_, token) = await running.SomebodyAsync();
        Assert.Null(RunningGateway.IdentityOf(await EchoAsync(running.Gateway, authorization, cookie, token), "media").UserId);
    }

    [Fact]
    public async Task On_a_test_network_the_other_cookie_counts_alone()
    {
        await using var insecure = await running.StartAsync(("Cookies:AllowInsecure", "true"));
        var (user, token) = await running.SomebodyAsync();
        Assert.Equal(user, RunningGateway.IdentityOf(await EchoAsync(insecure, null, "session=TOKEN", token), "media").UserId);
        Assert.Null(RunningGateway.IdentityOf(await EchoAsync(insecure, null, "__Host-session=TOKEN", token), "media").UserId);
    }

    private async Task<Echo> EchoAsync(RunningService gateway, string? authorization, string? cookie, string token)
    {
        using var client = running.Client(gateway: gateway);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/photos");
        if (authorization is not null)
            request.Headers.TryAddWithoutValidation("Authorization", authorization.Replace("TOKEN", token, StringComparison.Ordinal));
        if (cookie is not null)
            request.Headers.TryAddWithoutValidation("Cookie", cookie.Replace("TOKEN", token, StringComparison.Ordinal));
        return await EchoAsync(client, request);
    }

    private static async Task<Echo> EchoAsync(HttpClient client, HttpRequestMessage request)
    {
        using var response = await client.SendAsync(request);
        return (await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<Echo>())!;
    }
}

using System.Net;
using System.Net.Http.Json;
using System.Text;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Users.Tests;

public sealed class IdentityTests(RunningUsers users) : IClassFixture<RunningUsers>
{
    private static readonly Uri Me = new("/api/users/me", UriKind.Relative);

    [Fact]
    public async Task Without_an_identity_every_endpoint_but_the_probes_refuses()
    {
        using var client = users.Service.ClientWithoutIdentity();
        var refused = 0;
        foreach (var endpoint in users.Service.Endpoints)
        {
            foreach (var method in endpoint.Metadata.GetMetadata<Microsoft.AspNetCore.Routing.HttpMethodMetadata>()?.HttpMethods ?? ["GET"])
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), endpoint.RoutePattern.RawText) { Content = method == "GET" ? null : JsonContent.Create(new { }) };
                using var response = await client.SendAsync(request);
                if (endpoint.RoutePattern.RawText is "/health" or "/alive")
                    Assert.Equal(HttpStatusCode.OK, response.StatusCode);
                else
                {
                    await AssertRefusedAsync(response);
                    refused++;
                }
            }
        }
        Assert.True(refused >= 6, $"{refused} endpoints");
    }

    [Fact]
    public async Task An_unknown_path_tells_nothing_without_an_identity()
    {
        using var client = users.Service.ClientWithoutIdentity();
        await AssertRefusedAsync(await client.GetAsync(new Uri("/api/there-is-no-such-thing", UriKind.Relative)));
    }

    [Fact]
    public async Task A_signed_in_users_endpoint_refuses_an_anonymous_caller()
    {
        using var client = users.Service.Client();
        await AssertRefusedAsync(await client.GetAsync(Me));
        await AssertRefusedAsync(await client.DeleteAsync(new Uri("/api/sessions/current", UriKind.Relative)));
    }

    [Fact]
    public async Task Internal_endpoints_are_the_gateways_alone()
    {
        var body = new { tokenHash = new string('0', 64) };
        using var user = users.Service.Client(Guid.NewGuid());
        using var anonymous = users.Service.Client();
        using var gateway = users.Service.Client(roles: "gateway");
        await AssertRefusedAsync(await user.PostAsJsonAsync("/internal/sessions/resolve", body));
        await AssertRefusedAsync(await anonymous.PostAsJsonAsync("/INTERNAL/sessions/resolve", body));
        await AssertRefusedAsync(await user.GetAsync(new Uri("/internal/messaging", UriKind.Relative)));
        Assert.Equal(HttpStatusCode.NotFound, (await gateway.PostAsJsonAsync("/internal/sessions/resolve", body)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await gateway.GetAsync(new Uri("/internal/messaging", UriKind.Relative))).StatusCode);
    }

    public static TheoryData<string> Forgeries => ["empty", "no dot", "no signature", "other key", "changed payload", "other audience", "expired", "unsigned json", "no base64", "two", "too long"];

    [Theory, MemberData(nameof(Forgeries))]
    public async Task A_forged_identity_is_refused(string forgery)
    {
        var account = await users.SomebodyAsync();
        var good = Sign(TestEnvironment.IdentityKey, "users", account.Id, TimeProvider.System);
        var parts = good.Split('.');
        var value = forgery switch
        {
            "empty" => "",
            "no dot" => parts[0],
            "no signature" => parts[0] + ".",
            "other key" => Sign("a key that nobody but the attacker knows", "users", account.Id, TimeProvider.System),
            "changed payload" => $"{Encode(Encoding.UTF8.GetString(Decode(parts[0])).Replace("users", "USERS", StringComparison.Ordinal))}.{parts[1]}",
            "other audience" => Sign(TestEnvironment.IdentityKey, "media", account.Id, TimeProvider.System),
            "expired" => Sign(TestEnvironment.IdentityKey, "users", account.Id, new Past()),
            "unsigned json" => $"{parts[0]}.{Encode("")}",
            "no base64" => "%%%.%%%",
            "two" => $"{good}, {good}",
            "too long" => Sign(TestEnvironment.IdentityKey, "users", account.Id, TimeProvider.System, new string('r', 2000)),
            _ => throw new ArgumentOutOfRangeException(nameof(forgery)),
        };

        using var client = users.Service.ClientWithoutIdentity();
        using var request = new HttpRequestMessage(HttpMethod.Get, Me);
        request.Headers.TryAddWithoutValidation(IdentitySigner.Header, value);
        await AssertRefusedAsync(await client.SendAsync(request));

        using var honest = new HttpRequestMessage(HttpMethod.Get, Me);
        honest.Headers.TryAddWithoutValidation(IdentitySigner.Header, good);
        Assert.Equal(HttpStatusCode.OK, (await client.SendAsync(honest)).StatusCode);
    }

    private static string Sign(string key, string audience, Guid user, TimeProvider time, params string[] roles) =>
        new IdentitySigner(Encoding.UTF8.GetBytes(key), time).Sign(audience, user, Guid.NewGuid(), roles);

    private static byte[] Decode(string text) => System.Buffers.Text.Base64Url.DecodeFromChars(text);

    private static string Encode(string text) => System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    private static async Task AssertRefusedAsync(HttpResponseMessage response)
    {
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.DoesNotContain("xception", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        response.Dispose();
    }

    private sealed class Past : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddSeconds(-61);
    }
}

using System.Net;
using System.Net.Http.Json;

namespace PhotoPlatform.Gateway.Tests;

public sealed class PageSecurityTests(RunningGateway running) : IClassFixture<RunningGateway>
{
    [Theory]
    [InlineData("Sec-Fetch-Site", "cross-site", false)]
    [InlineData("Sec-Fetch-Site", "same-site", false)]
    [InlineData("Sec-Fetch-Site", "same-origin, cross-site", false)]
    [InlineData("Sec-Fetch-Site", "same-origin", true)]
    [InlineData("Sec-Fetch-Site", "none", true)]
    [InlineData("Origin", "https://evil.example", false)]
    [InlineData("Origin", "null", false)]
    [InlineData("Origin", "http://HOST.evil.example", false)]
    [InlineData("Origin", "http://evil.example/HOST", false)]
    [InlineData("Origin", "http://HOST", true)]
    [InlineData("X-Other", "curl sends neither", true)]
    public async Task A_change_that_another_sites_page_sends_with_our_cookie_is_refused(string header, string value, bool allowed)
    {
        var (_, token) = await running.SomebodyAsync();
        foreach (var method in new[] { HttpMethod.Post, HttpMethod.Delete, HttpMethod.Put, HttpMethod.Patch })
        {
            using var client = running.Client();
            using var request = new HttpRequestMessage(method, method == HttpMethod.Post ? "/api/photos" : $"/api/photos/{Guid.NewGuid()}");
            request.Headers.TryAddWithoutValidation("Cookie", $"__Host-session={token}");
            request.Headers.TryAddWithoutValidation(header, value.Replace("HOST", running.Gateway.Address.Authority, StringComparison.Ordinal));
            using var response = await client.SendAsync(request);
            if (allowed)
                Assert.Equal(method.Method, (await response.Content.ReadFromJsonAsync<Echo>())!.Method);
            else
                await RunningGateway.AssertProblemAsync(HttpStatusCode.Forbidden, response, method.Method);
        }
    }

    [Fact]
    public async Task Signing_somebody_in_or_up_from_another_sites_page_is_refused_too()
    {
        using var client = running.Client();
        foreach (var path in new[] { "/api/sessions", "/api/users" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(new { }), Headers = { { "Sec-Fetch-Site", "cross-site" } } };
            await RunningGateway.AssertProblemAsync(HttpStatusCode.Forbidden, await client.SendAsync(request), path);
        }
    }

    [Fact]
    public async Task A_bearer_token_comes_from_no_foreign_page_and_other_credentials_do_not_count_as_one()
    {
        var (_, token) = await running.SomebodyAsync();
        using var client = running.Client();
        using var bearer = new HttpRequestMessage(HttpMethod.Post, "/api/photos") { Headers = { { "Authorization", $"Bearer {token}" }, { "Sec-Fetch-Site", "cross-site" } } };
        using var passed = await client.SendAsync(bearer);
        Assert.Equal(HttpStatusCode.OK, passed.StatusCode);

        // A browser sends these by itself, for an address such as http://a:b@host.
        using var basic = new HttpRequestMessage(HttpMethod.Post, "/api/photos") { Headers = { { "Authorization", "Basic YTpi" }, { "Cookie", $"__Host-session={token}" }, { "Sec-Fetch-Site", "cross-site" } } };
        await RunningGateway.AssertProblemAsync(HttpStatusCode.Forbidden, await client.SendAsync(basic));
    }

    [Fact]
    public async Task Reading_and_following_a_link_from_elsewhere_works()
    {
        using var client = running.Client();
        foreach (var path in new[] { "/", "/api/photos", "/media/x" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "Sec-Fetch-Site", "cross-site" }, { "Origin", "https://elsewhere.example" } } };
            using var response = await client.SendAsync(request);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
        }
    }

    [Fact]
    public async Task The_page_is_served_with_headers_that_keep_foreign_script_out()
    {
        using var client = running.Client();
        using var page = await client.GetAsync(new Uri("/", UriKind.Relative));
        Assert.Equal((HttpStatusCode.OK, "text/html"), (page.StatusCode, page.Content.Headers.ContentType!.MediaType));
        Assert.Contains("<html", await page.Content.ReadAsStringAsync(), StringComparison.OrdinalIgnoreCase);
        var policy = Assert.Single(page.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'self'", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", Assert.Single(page.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("same-origin", Assert.Single(page.Headers.GetValues("Referrer-Policy")));
        Assert.False(page.Headers.Contains("Server"));
    }

    [Fact]
    public async Task Answers_about_people_and_errors_are_not_stored_and_a_services_own_headers_stay()
    {
        using var client = running.Client();
        using var api = await client.GetAsync(new Uri("/api/photos", UriKind.Relative));
        Assert.Equal("no-store", api.Headers.CacheControl!.ToString());
        Assert.Equal("nosniff", Assert.Single(api.Headers.GetValues("X-Content-Type-Options")));
        using var missing = await client.GetAsync(new Uri("/no-such-page", UriKind.Relative));
        Assert.True(missing.Headers.CacheControl!.NoStore);
        using var media = await client.GetAsync(new Uri("/media/policy", UriKind.Relative));
        Assert.Equal(("default-src 'none'; sandbox", "public, max-age=1"), (Assert.Single(media.Headers.GetValues("Content-Security-Policy")), media.Headers.CacheControl!.ToString()));
    }
}

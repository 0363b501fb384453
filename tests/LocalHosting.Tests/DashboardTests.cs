using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace PhotoPlatform.LocalHosting.Tests;

public sealed class DashboardTests
{
    [Fact]
    public async Task The_dashboard_shows_and_commands_resources_but_only_for_its_own_page()
    {
        using var data = new TemporaryDirectory();
        await using var host = SampleAppHost.Start(data.Path, "services");
        await host.LineAsync("is ready");
        using var client = new HttpClient { BaseAddress = new Uri(host.Run.GetProperty("dashboard").GetString()!) };

        Assert.Contains("<title>", await client.GetStringAsync("/"), StringComparison.Ordinal);
        var resources = await client.GetFromJsonAsync<JsonElement>("/api/resources");
        var inner = resources.GetProperty("resources").EnumerateArray().Single(resource => resource.GetProperty("name").GetString() == "inner");
        Assert.Equal(("Running", "Healthy"), (inner.GetProperty("state").GetString(), inner.GetProperty("health").GetString()));
        var log = await client.GetFromJsonAsync<JsonElement>("/api/resources/inner/logs");
        Assert.Contains(log.EnumerateArray(), line => line.GetProperty("text").GetString()!.Contains("ready in", StringComparison.Ordinal));

        Assert.Equal(HttpStatusCode.MisdirectedRequest, await SendAsync(client, HttpMethod.Get, "/", ("Host", "evil.example")));
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(client, HttpMethod.Post, "/api/resources/outer/stop"));
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(client, HttpMethod.Post, "/api/resources/outer/stop", ("Sec-Fetch-Site", "cross-site")));
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(client, HttpMethod.Post, "/api/resources/outer/stop", ("Origin", "http://evil.example")));
        Assert.Equal(HttpStatusCode.OK, await SendAsync(client, HttpMethod.Post, "/api/resources/outer/stop", ("Sec-Fetch-Site", "same-origin")));
        Assert.Equal(HttpStatusCode.Conflict, await SendAsync(client, HttpMethod.Post, "/api/resources/outer/stop", ("X-Control-Token", Token(host))));
        Assert.Equal(HttpStatusCode.OK, await SendAsync(client, HttpMethod.Post, "/api/resources/outer/start", ("X-Control-Token", Token(host))));
        Assert.Equal(HttpStatusCode.NotFound, await SendAsync(client, HttpMethod.Post, "/api/resources/nobody/start", ("X-Control-Token", Token(host))));
    }

    private static string Token(SampleAppHost host) => host.Run.GetProperty("controlToken").GetString()!;

    private static async Task<HttpStatusCode> SendAsync(HttpClient client, HttpMethod method, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var response = await client.SendAsync(request);
        return response.StatusCode;
    }
}

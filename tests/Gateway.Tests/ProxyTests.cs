using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;

namespace PhotoPlatform.Gateway.Tests;

public sealed class ProxyTests(RunningGateway running) : IClassFixture<RunningGateway>
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_upload_passes_whole(bool chunked)
    {
        using var client = running.Client();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/photos?title=x") { Content = new ByteArrayContent(new byte[3_000_000]) { Headers = { ContentType = new("image/jpeg") } } };
        request.Headers.TransferEncodingChunked = chunked;
        using var response = await client.SendAsync(request);
        var echo = (await response.Content.ReadFromJsonAsync<Echo>())!;
        Assert.Equal((3_000_000, "?title=x", "image/jpeg"), (echo.Bytes, echo.Query, echo.Headers["content-type"]));
    }

    [Theory]
    [InlineData("POST", "/api/users", false)]
    [InlineData("POST", "/api/users", true)]
    [InlineData("PUT", "/api/photos/x", false)]
    [InlineData("DELETE", "/api/photos/x", true)]
    public async Task Any_other_body_has_64_kB(string method, string path, bool chunked)
    {
        using var client = running.Client();
        // White space, so that the service has nothing to refuse before the gateway does.
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = new StringContent(new string(' ', 70_000), Encoding.UTF8, "application/json") };
        request.Headers.TransferEncodingChunked = chunked;
        await RunningGateway.AssertProblemAsync(HttpStatusCode.RequestEntityTooLarge, await client.SendAsync(request));
    }

    [Fact]
    public async Task A_services_problem_passes_as_it_is()
    {
        using var client = running.Client();
        var problem = await RunningGateway.AssertProblemAsync(HttpStatusCode.UnprocessableEntity, await client.GetAsync(new Uri("/api/photos/problem", UriKind.Relative)));
        Assert.Equal(("too-many-pixels", "The picture is too large."), (problem.GetProperty("code").GetString(), problem.GetProperty("detail").GetString()));
        var invalid = await RunningGateway.AssertProblemAsync(HttpStatusCode.BadRequest, await client.PostAsJsonAsync("/api/users", new { handle = "x" }));
        Assert.Equal(["email", "handle", "displayName", "password"], invalid.GetProperty("errors").EnumerateObject().Select(error => error.Name));
    }

    [Theory]
    [InlineData("GET", "/no-such-page")]
    [InlineData("GET", "/api")]
    [InlineData("GET", "/api/other")]
    [InlineData("GET", "/api/photosx")]
    [InlineData("GET", "/.env")]
    [InlineData("GET", "/appsettings.json")]
    [InlineData("GET", "/..%2f..%2fappsettings.json")]
    [InlineData("POST", "/api/events")]
    [InlineData("POST", "/media/x")]
    [InlineData("POST", "/")]
    public async Task What_is_not_served_is_a_problem(string method, string path)
    {
        using var client = running.Client();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var response = await client.SendAsync(request);
        Assert.True(response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed, $"{response.StatusCode}");
        await RunningGateway.AssertProblemAsync(response.StatusCode, response);
    }

    [Fact]
    public async Task A_service_that_is_away_is_a_problem_and_the_others_go_on()
    {
        await using var cut = await running.StartAsync(("services:media:http:0", RunningGateway.Nobody));
        using var client = running.Client(gateway: cut);
        await RunningGateway.AssertProblemAsync(HttpStatusCode.BadGateway, await client.GetAsync(new Uri("/api/photos", UriKind.Relative)));
        using var content = new ByteArrayContent(new byte[200_000]);
        await RunningGateway.AssertProblemAsync(HttpStatusCode.BadGateway, await client.PostAsync(new Uri("/api/photos", UriKind.Relative), content));
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync(new Uri("/api/users/me", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task A_service_without_an_address_stops_the_gateway_and_is_named()
    {
        var exception = await Assert.ThrowsAnyAsync<Exception>(() => running.StartAsync(("services:media:http:0", null)));
        Assert.Contains("services__media__http__0", exception.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/internal/sessions/resolve")]
    [InlineData("/INTERNAL/sessions/resolve")]
    [InlineData("//internal/sessions/resolve")]
    [InlineData("/api/users/../../internal/sessions/resolve")]
    [InlineData("/api/users/%2e%2e/%2e%2e/internal/sessions/resolve")]
    [InlineData("/api/users/..%2f..%2finternal/sessions/resolve")]
    [InlineData("/api/users/%252e%252e/%252e%252e/internal/sessions/resolve")]
    [InlineData("/api/users/..\\..\\internal\\sessions\\resolve")]
    [InlineData("/api/users/..;/..;/internal/sessions/resolve")]
    [InlineData("/api/sessions//internal/sessions/resolve")]
    [InlineData("http://users/internal/sessions/resolve")]
    public async Task Internal_paths_are_not_reachable_from_outside(string path)
    {
        var before = running.Questions();
        var body = $$"""{"tokenHash":"{{new string('0', 64)}}"}""";
        var status = await RawAsync($"POST {path} HTTP/1.1\r\nHost: {running.Gateway.Address.Authority}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}");
        Assert.Contains(status, (int[])[400, 404, 405]);
        Assert.Equal(before, running.Questions());
        Assert.DoesNotContain(running.Users.Logs.All, line => line.Message.StartsWith("POST /internal", StringComparison.OrdinalIgnoreCase) && !line.Message.StartsWith("POST /internal/sessions/resolve answered", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("GET /api/photos HTTP/1.1\r\n\r\n", 400)]
    [InlineData("GET /api/photos HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400)]
    [InlineData("GET /api/photos HTTP/1.1\r\nHost: a b\r\n\r\n", 400)]
    [InlineData("GET /api/photos HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 400)]
    [InlineData("GET /api/photos/%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400)]
    [InlineData("POST /api/photos HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", 400)]
    [InlineData("POST /api/photos HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400)]
    [InlineData("POST /api/photos HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400)]
    public async Task A_malformed_request_is_a_bad_request(string request, int status) => Assert.Equal(status, await RawAsync(request));

    [Fact]
    public async Task Too_many_or_too_long_headers_and_too_long_addresses_are_refused()
    {
        Assert.Equal(431, await RawAsync($"GET / HTTP/1.1\r\nHost: a\r\nX: {new string('x', 40_000)}\r\n\r\n"));
        Assert.Equal(431, await RawAsync($"GET / HTTP/1.1\r\nHost: a\r\n{string.Concat(Enumerable.Range(0, 200).Select(i => $"X-{i}: y\r\n"))}\r\n"));
        Assert.Equal(414, await RawAsync($"GET /{new string('x', 10_000)} HTTP/1.1\r\nHost: a\r\n\r\n"));
    }

    [Fact]
    public async Task A_stream_arrives_as_it_is_written()
    {
        using var client = running.Client();
        using var response = await client.GetAsync(new Uri("/api/events", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.Equal("id: 1", await reader.ReadLineAsync());
    }

    [Fact]
    public async Task Probes_need_nobody()
    {
        using var client = running.Client("some-token");
        foreach (var path in new[] { "/alive", "/health" })
            Assert.Equal("Healthy", await client.GetStringAsync(new Uri(path, UriKind.Relative)));
    }

    private async Task<int> RawAsync(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(running.Gateway.Address.Host, running.Gateway.Address.Port);
        await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(request));
        using var reader = new StreamReader(client.GetStream());
        return int.Parse((await reader.ReadLineAsync())!.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
    }
}

using System.Net;
using System.Net.Http.Json;
using System.Text;
using Microsoft.Extensions.Logging;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Users.Tests;

public sealed class BadRequestTests(RunningUsers users) : IClassFixture<RunningUsers>
{
    public static TheoryData<string> Paths => ["/api/users", "/api/sessions"];

    private static readonly (string Case, byte[] Body, string? Type, HttpStatusCode Status)[] Cases =
    [
        ("nothing", [], "application/json", HttpStatusCode.BadRequest),
        ("null", "null"u8.ToArray(), "application/json", HttpStatusCode.BadRequest),
        ("an array", "[]"u8.ToArray(), "application/json", HttpStatusCode.BadRequest),
        ("a number", "1e400"u8.ToArray(), "application/json", HttpStatusCode.BadRequest),
        ("half an object", "{\"email\":"u8.ToArray(), "application/json", HttpStatusCode.BadRequest),
        ("two objects", "{}{}"u8.ToArray(), "application/json", HttpStatusCode.BadRequest),
        ("a comment", "{/* */}"u8.ToArray(), "application/json", HttpStatusCode.BadRequest),
        ("a number for a text", "{\"email\":5,\"password\":true}"u8.ToArray(), "application/json", HttpStatusCode.BadRequest),
        ("an object for a text", "{\"email\":{\"$gt\":\"\"},\"password\":[]}"u8.ToArray(), "application/json", HttpStatusCode.BadRequest),
        ("a lone surrogate", "{\"email\":\"a@example.org\",\"displayName\":\"\\ud800\",\"password\":\"\\udc00aaaaaaaa\"}"u8.ToArray(), "application/json", HttpStatusCode.BadRequest),
        ("a lone surrogate in a name", "{\"\\ud800\":1}"u8.ToArray(), "application/json", HttpStatusCode.BadRequest),
        ("bytes that are no UTF-8", [.. "{\"email\":\""u8, 0xFF, 0xFE, .. "\"}"u8], "application/json", HttpStatusCode.BadRequest),
        ("depth 1000", Encoding.UTF8.GetBytes($"{{\"email\":{new string('[', 1000)}{new string(']', 1000)}}}"), "application/json", HttpStatusCode.BadRequest),
        ("an unknown charset", "{}"u8.ToArray(), "application/json; charset=bogus", HttpStatusCode.UnsupportedMediaType),
        ("utf-7", "{}"u8.ToArray(), "application/json; charset=utf-7", HttpStatusCode.UnsupportedMediaType),
        ("utf-16", Encoding.Unicode.GetBytes("{}"), "application/json; charset=utf-16", HttpStatusCode.UnsupportedMediaType),
        ("text", "{\"email\":\"a@example.org\"}"u8.ToArray(), "text/plain", HttpStatusCode.UnsupportedMediaType),
        ("a form", "email=a%40example.org"u8.ToArray(), "application/x-www-form-urlencoded", HttpStatusCode.UnsupportedMediaType),
        ("no type", "{}"u8.ToArray(), null, HttpStatusCode.UnsupportedMediaType),
        ("more than 64 kB", Encoding.UTF8.GetBytes($"{{\"email\":\"{new string('a', 70_000)}\"}}"), "application/json", HttpStatusCode.RequestEntityTooLarge),
    ];

    [Theory, MemberData(nameof(Paths))]
    public async Task A_bad_body_gets_a_problem_and_never_an_error_of_ours(string path)
    {
        var errorsBefore = Errors();
        using var client = users.Service.Client();
        foreach (var (name, body, type, status) in Cases)
        {
            using var content = new ByteArrayContent(body);
            if (type is not null)
                content.Headers.ContentType = System.Net.Http.Headers.MediaTypeHeaderValue.Parse(type);
            using var response = await client.PostAsync(new Uri(path, UriKind.Relative), content);
            await AssertProblemAsync(name, response, status);
        }
        Assert.Equal(errorsBefore, Errors());
    }

    [Fact]
    public async Task A_body_that_is_too_long_is_refused_without_a_length_too()
    {
        using var client = users.Service.Client();
        // White space, so that the length alone is wrong so far.
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/users") { Content = RunningUsers.Body(new string(' ', 100_000)) };
        request.Headers.TransferEncodingChunked = true;
        using var response = await client.SendAsync(request);
        await AssertProblemAsync("chunked", response, HttpStatusCode.RequestEntityTooLarge);
    }

    [Fact]
    public async Task Other_methods_and_paths_get_a_problem_too()
    {
        using var client = users.Service.Client(Guid.NewGuid());
        await AssertProblemAsync("GET", await client.GetAsync(new Uri("/api/email-confirmations", UriKind.Relative)), HttpStatusCode.MethodNotAllowed);
        await AssertProblemAsync("path", await client.GetAsync(new Uri("/api/users/me/x.css", UriKind.Relative)), HttpStatusCode.NotFound);
        await AssertProblemAsync("nobody", await client.GetAsync(new Uri("/api/users/me", UriKind.Relative)), HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"tokenHash\":null}")]
    [InlineData("{\"tokenHash\":\"\"}")]
    [InlineData("{\"tokenHash\":\"a\\u0000b\"}")]
    public async Task A_token_hash_that_is_none_belongs_to_nobody(string body)
    {
        using var gateway = users.Service.Client(roles: "gateway");
        using var response = await gateway.PostAsync(new Uri("/internal/sessions/resolve", UriKind.Relative), RunningUsers.Body(body));
        await AssertProblemAsync(body, response, HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_database_that_is_away_is_503_and_comes_back_by_itself()
    {
        var database = new Npgsql.NpgsqlConnectionStringBuilder(users.Environment.Database("users"));
        await using var relay = new TcpRelay(database.Host!, database.Port);
        (database.Host, database.Port) = ("127.0.0.1", relay.Port);
        await using var service = await users.StartAsync(new() { ["ConnectionStrings:users"] = database.ConnectionString });
        var account = await users.SomebodyAsync();
        using var client = service.Client(account.Id);

        await relay.CutAsync();
        using (var me = await client.GetAsync(new Uri("/api/users/me", UriKind.Relative)))
            await AssertProblemAsync("me", me, HttpStatusCode.ServiceUnavailable);
        using (var signIn = await client.PostAsJsonAsync("/api/sessions", new { account.Email, password = RunningUsers.Password }))
            await AssertProblemAsync("sign-in", signIn, HttpStatusCode.ServiceUnavailable);

        relay.Restore();
        using (var me = await client.GetAsync(new Uri("/api/users/me", UriKind.Relative)))
            Assert.Equal(HttpStatusCode.OK, me.StatusCode);
    }

    [Fact]
    public async Task An_error_of_ours_is_a_whole_problem_without_its_cause()
    {
        await users.Environment.QueryAsync<object>("users", """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'a secret of the database'; END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON logins FOR EACH ROW WHEN (NEW.email = 'refused@example.org') EXECUTE FUNCTION refuse();
            """);
        var errorsBefore = Errors();
        using var client = users.Service.Client();
        using var response = await client.PostAsJsonAsync("/api/users", new { email = "refused@example.org", handle = RunningUsers.NewHandle(), displayName = "Ada", password = RunningUsers.Password });
        var text = await response.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.DoesNotContain("secret", text, StringComparison.Ordinal);
        await AssertProblemAsync("refused", response, HttpStatusCode.InternalServerError);
        // One line for one error, and nothing that breaks the connection after it.
        Assert.Equal(1, Errors() - errorsBefore);
    }

    private int Errors() => users.Service.Logs.All.Count(line => line.Level >= LogLevel.Error);

    private static async Task AssertProblemAsync(string name, HttpResponseMessage response, HttpStatusCode status)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(status == response.StatusCode, $"{name}: {response.StatusCode} {text}");
        Assert.True(response.Content.Headers.ContentType?.MediaType == "application/problem+json", $"{name}: {response.Content.Headers.ContentType} {text}");
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
        response.Dispose();
    }
}

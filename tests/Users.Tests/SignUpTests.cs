using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using PhotoPlatform.Contracts;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Users.Tests;

public sealed class SignUpTests(RunningUsers users) : IClassFixture<RunningUsers>
{
    [Fact]
    public async Task Signing_up_makes_an_account_and_tells_the_others()
    {
        var handle = RunningUsers.NewHandle();
        using var response = await PostAsync(new { email = $" {handle}@Example.ORG ", handle = handle.ToUpperInvariant(), displayName = " Ada 🦊 ", password = RunningUsers.Password });

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var body = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(["id", "handle"], body.EnumerateObject().Select(property => property.Name));
        Assert.Equal(handle, body.GetProperty("handle").GetString());
        var id = body.GetProperty("id").GetGuid();
        Assert.True(PlatformId.IsValid(id));
        Assert.InRange(PlatformId.BucketOf(id), 0, PlatformId.AssignedBuckets - 1);

        Assert.Equal(["Ada 🦊"], await users.Environment.QueryAsync<string>("users", "SELECT display_name FROM users WHERE id = $1", id));
        Assert.Equal([$"{handle}@example.org"], await users.Environment.QueryAsync<string>("users", "SELECT email FROM logins WHERE user_id = $1", id));
        Assert.StartsWith("pbkdf2-sha512$210000$", Assert.Single(await users.Environment.QueryAsync<string>("users", "SELECT password_hash FROM users WHERE id = $1", id)), StringComparison.Ordinal);

        var told = await RegisteredAsync(id);
        Assert.Equal((handle, "Ada 🦊", $"{handle}@example.org"), (told.Handle, told.DisplayName, told.Email));
    }

    [Theory]
    [InlineData("email", "")]
    [InlineData("email", "no-at-sign")]
    [InlineData("email", "a@b\r\nBcc: all@example.org")]
    [InlineData("email", "a@example.org, b@example.org")]
    [InlineData("email", "Ada <a@example.org>")]
    [InlineData("email", "a\0@example.org")]
    [InlineData("email", "a@example.org\u202E")]
    [InlineData("email", "ädä@example.org")]
    [InlineData("handle", "ab")]
    [InlineData("handle", "with space")]
    [InlineData("handle", "../../etc")]
    [InlineData("handle", "ünïcode")]
    [InlineData("handle", "Admin")]
    [InlineData("handle", "a\0bc")]
    [InlineData("displayName", " ")]
    [InlineData("displayName", "a\r\nSubject: b")]
    [InlineData("displayName", "a\0b")]
    [InlineData("password", "1234567")]
    public async Task A_bad_field_is_named(string field, string value)
    {
        var request = Request();
        request[field] = value;
        using var response = await PostAsync(request);
        Assert.Equal([field], await ErrorsAsync(response));
    }

    [Fact]
    public async Task All_bad_fields_are_named_at_once()
    {
        using var response = await PostAsync(new { email = new string('a', 300), handle = new string('a', 31), displayName = new string('a', 101), password = new string('a', 129) });
        Assert.Equal(["email", "handle", "displayName", "password"], await ErrorsAsync(response));
    }

    [Fact]
    public async Task Missing_and_null_fields_are_named()
    {
        using var response = await PostAsync(new { email = (string?)null });
        Assert.Equal(["email", "handle", "displayName", "password"], await ErrorsAsync(response));
    }

    [Fact]
    public async Task What_the_server_decides_cannot_be_sent()
    {
        var request = Request();
        var id = Guid.NewGuid();
        request["id"] = request["userId"] = id.ToString();
        request["roles"] = "gateway";
        request["createdAt"] = "2001-01-01T00:00:00Z";
        request["passwordHash"] = "x";
        using var response = await PostAsync(request);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.NotEqual(id, (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid());
        Assert.Empty(await users.Environment.QueryAsync<Guid>("users", "SELECT id FROM users WHERE id = $1 OR created_at < '2002-01-01' OR password_hash = 'x'", id));
    }

    [Fact]
    public async Task A_taken_handle_in_any_case_is_a_conflict()
    {
        var taken = (await users.SignUpAsync()).Handle;
        var request = Request();
        request["handle"] = taken.ToUpperInvariant();
        using var response = await PostAsync(request);
        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        Assert.Equal(["handle"], await ErrorsAsync(response, HttpStatusCode.Conflict));
        Assert.Empty(await users.Environment.QueryAsync<string>("users", "SELECT email FROM logins WHERE email = $1", request["email"]));
    }

    [Fact]
    public async Task A_taken_address_answers_like_success_and_tells_its_owner()
    {
        var owner = await users.SignUpAsync();
        var request = Request();
        request["email"] = owner.Email.ToUpperInvariant();
        using var response = await PostAsync(request);

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal("/api/users/me", response.Headers.Location!.ToString());
        var body = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(["id", "handle"], body.EnumerateObject().Select(property => property.Name));
        Assert.Equal(request["handle"], body.GetProperty("handle").GetString());

        var mail = (await users.Mails.NextAsync()).Message;
        Assert.Equal((MailTemplates.AlreadyRegistered, owner.Email, "Ada"), (mail.Template, mail.To, mail.Data["displayName"]));
        Assert.Equal([owner.Id], await users.Environment.QueryAsync<Guid>("users", "SELECT user_id FROM logins WHERE email = $1", owner.Email));
        Assert.Empty(await users.Environment.QueryAsync<Guid>("users", "SELECT id FROM users WHERE id = $1", body.GetProperty("id").GetGuid()));
        Assert.Empty(await users.Environment.QueryAsync<string>("users", "SELECT name FROM handles WHERE name = $1", request["handle"]));
    }

    [Fact]
    public async Task A_taken_address_is_asked_for_and_written_about_as_often_as_a_free_one()
    {
        var owner = await users.SignUpAsync();
        var (free, taken) = (await StatementsAsync(Request()["email"]!), await StatementsAsync(owner.Email));
        Assert.Equal(["asks for the handle", "asks for the address", "writes"], free);
        Assert.Equal(free, taken);
        Assert.Equal(owner.Email, (await users.Mails.NextAsync()).Message.To);

        async Task<List<string>> StatementsAsync(string email)
        {
            var request = Request();
            request["email"] = email;
            var statements = await users.Sql.WhileAsync(async () =>
            {
                using var response = await PostAsync(request);
                Assert.Equal(HttpStatusCode.Created, response.StatusCode);
            });
            // Jobs of the service may ask for other things meanwhile.
            return [.. statements.Select(statement => statement.Sql switch
            {
                var sql when sql.Contains("INSERT INTO outbox", StringComparison.Ordinal) => "writes",
                var sql when sql.Contains("FROM logins", StringComparison.Ordinal) => "asks for the address",
                var sql when sql.Contains("FROM handles", StringComparison.Ordinal) => "asks for the handle",
                _ => "",
            }).Where(what => what.Length > 0)];
        }
    }

    [Fact]
    public async Task Of_many_who_want_one_handle_at_once_one_gets_it()
    {
        var handle = RunningUsers.NewHandle();
        var responses = await AllAsync(8, i => new { email = $"{handle}-{i}@example.org", handle, displayName = "Ada", password = RunningUsers.Password });

        Assert.Equal(1, responses.Count(status => status == HttpStatusCode.Created));
        Assert.Equal(7, responses.Count(status => status == HttpStatusCode.Conflict));
        Assert.Single(await users.Environment.QueryAsync<string>("users", "SELECT email FROM logins WHERE email LIKE $1", $"{handle}-%"));
        Assert.Equal([0L], await users.Environment.QueryAsync<long>("users", "SELECT count(*) FROM users WHERE id NOT IN (SELECT user_id FROM handles)"));
    }

    [Fact]
    public async Task Of_many_who_sign_up_one_address_at_once_one_account_comes()
    {
        var email = $"{RunningUsers.NewHandle()}@example.org";
        var handles = Enumerable.Range(0, 6).Select(_ => RunningUsers.NewHandle()).ToArray();
        var responses = await AllAsync(handles.Length, i => new { email, handle = handles[i], displayName = $"Ada {i}", password = RunningUsers.Password });

        Assert.All(responses, status => Assert.Equal(HttpStatusCode.Created, status));
        Assert.Single(await users.Environment.QueryAsync<Guid>("users", "SELECT user_id FROM logins WHERE email = $1", email));
        Assert.Single(await users.Environment.QueryAsync<string>("users", "SELECT name FROM handles WHERE name = ANY($1)", [handles]));
        for (var i = 1; i < handles.Length; i++)
            Assert.Equal(email, (await users.Mails.NextAsync()).Message.To);
    }

    private static Dictionary<string, string> Request()
    {
        var handle = RunningUsers.NewHandle();
        return new() { ["email"] = $"{handle}@example.org", ["handle"] = handle, ["displayName"] = "Ada", ["password"] = RunningUsers.Password };
    }

    private async Task<HttpResponseMessage> PostAsync(object request)
    {
        using var client = users.Service.Client();
        return await client.PostAsJsonAsync("/api/users", request);
    }

    private async Task<HttpStatusCode[]> AllAsync(int count, Func<int, object> request) => await Task.WhenAll(Enumerable.Range(0, count).Select(async i =>
    {
        using var response = await PostAsync(request(i));
        return response.StatusCode;
    }));

    private async Task<UserRegistered> RegisteredAsync(Guid id)
    {
        for (; ; )
        {
            var (_, message) = await users.Registered.NextAsync();
            if (message.UserId == id)
                return message;
        }
    }

    private static async Task<IEnumerable<string>> ErrorsAsync(HttpResponseMessage response, HttpStatusCode status = HttpStatusCode.BadRequest)
    {
        Assert.Equal(status, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").EnumerateObject().Select(error => error.Name).ToArray();
    }
}

using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using PhotoPlatform.Contracts;
using PhotoPlatform.ServiceDefaults.Caching;
using PhotoPlatform.Testing;
using PhotoPlatform.Users.Passwords;

namespace PhotoPlatform.Users.Tests;

public sealed class PasswordTests(RunningUsers users) : IClassFixture<RunningUsers>
{
    private const string Other = "another horse and battery";

    [Fact]
    public async Task A_new_password_ends_the_other_sessions_and_is_told_by_mail()
    {
        var account = await users.SignUpAsync();
        var (kept, session) = await users.SignInAsync(account);
        var (ended, endedSession) = await users.SignInAsync(account);
        using var client = users.Client(account.Id, session);
        using var response = await client.PutAsJsonAsync("/api/users/me/password", new { currentPassword = RunningUsers.Password, newPassword = Other });

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.NotNull(await users.ResolveAsync(kept));
        Assert.Null(await users.ResolveAsync(ended));
        var cache = users.Service.Services.GetRequiredService<SessionCache>();
        Assert.Equal((true, null), await cache.ReadAsync(SessionCache.HashOf(ended), default));
        Assert.Equal((account.Id, endedSession), await RevokedAsync(account));
        await users.MailToAsync(account.Email, MailTemplates.PasswordChanged);
        Assert.Equal(HttpStatusCode.Unauthorized, await SignInAsync(account, RunningUsers.Password));
        Assert.Equal(HttpStatusCode.Created, await SignInAsync(account, Other));
    }

    [Fact]
    public async Task A_wrong_current_password_or_a_bad_new_one_is_named()
    {
        var account = await users.SignUpAsync();
        using var client = users.Client(account.Id);
        foreach (var (current, next, status, field) in new[]
        {
            ("wrong horse battery", Other, HttpStatusCode.Forbidden, "currentPassword"),
            ("", Other, HttpStatusCode.BadRequest, "currentPassword"),
            (RunningUsers.Password, "", HttpStatusCode.BadRequest, "newPassword"),
            (RunningUsers.Password, "short", HttpStatusCode.BadRequest, "newPassword"),
            (RunningUsers.Password, "Password123", HttpStatusCode.BadRequest, "newPassword"),
            (RunningUsers.Password, account.Email.ToUpperInvariant(), HttpStatusCode.BadRequest, "newPassword"),
            (RunningUsers.Password, $" {account.Handle} ", HttpStatusCode.BadRequest, "newPassword"),
        })
        {
            using var response = await client.PutAsJsonAsync("/api/users/me/password", new { currentPassword = current, newPassword = next });
            Assert.Equal(status, response.StatusCode);
            Assert.Equal([field], (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").EnumerateObject().Select(error => error.Name));
        }
        Assert.Equal(HttpStatusCode.Created, await SignInAsync(account, RunningUsers.Password));
    }

    [Fact]
    public async Task Of_two_new_passwords_at_once_one_is_set()
    {
        var account = await users.SignUpAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(async i =>
        {
            using var client = users.Client(account.Id);
            using var response = await client.PutAsJsonAsync("/api/users/me/password", new { currentPassword = RunningUsers.Password, newPassword = $"{Other} {i}" });
            return (int)response.StatusCode;
        }));
        // The others lose at the lock, or find the old password wrong already.
        Assert.Single(answers, 204);
        Assert.All(answers, status => Assert.Contains(status, new[] { 204, 403, 409 }));
    }

    [Fact]
    public async Task A_mailed_token_gives_a_new_password_once_and_ends_every_session()
    {
        var account = await users.SignUpAsync();
        var (token, session) = await users.SignInAsync(account);
        Assert.Equal(HttpStatusCode.Accepted, await AskAsync($" {account.Email.ToUpperInvariant()} "));
        var mail = await users.MailToAsync(account.Email, MailTemplates.PasswordReset);
        Assert.Equal((account.Id, "Ada", 43), (mail.UserId, mail.Data["displayName"], mail.Data["token"].Length));
        Assert.Equal([SessionCache.HashOf(mail.Data["token"])], await users.Environment.QueryAsync<string>("users", "SELECT hash FROM mailed_tokens WHERE user_id = $1", account.Id));

        Assert.Equal(HttpStatusCode.BadRequest, await CompleteAsync(mail.Data["token"], "password"));
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => CompleteAsync(mail.Data["token"], Other)));
        Assert.Single(answers, HttpStatusCode.NoContent);
        Assert.Equal(3, answers.Count(status => status == HttpStatusCode.UnprocessableEntity));
        Assert.Null(await users.ResolveAsync(token));
        Assert.Equal((account.Id, session), await RevokedAsync(account));
        await users.MailToAsync(account.Email, MailTemplates.PasswordChanged);
        Assert.Equal(HttpStatusCode.Created, await SignInAsync(account, Other));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await CompleteAsync(mail.Data["token"], Other));
    }

    [Fact]
    public async Task A_new_request_voids_the_token_before_it_and_an_hour_voids_any()
    {
        var account = await users.SignUpAsync();
        var tokens = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            await AskAsync(account.Email);
            tokens.Add((await users.MailToAsync(account.Email, MailTemplates.PasswordReset)).Data["token"]);
        }
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await CompleteAsync(tokens[0], Other));
        users.Clock.Advance(TimeSpan.FromHours(1) + TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await CompleteAsync(tokens[1], Other));
        Assert.Equal(HttpStatusCode.Created, await SignInAsync(account, RunningUsers.Password));
    }

    [Fact]
    public async Task An_address_without_an_account_gets_the_same_answer_from_the_same_statements()
    {
        var account = await users.SignUpAsync();
        var nobody = $"{RunningUsers.NewHandle()}@example.org";
        var known = await StatementsAsync(account.Email);
        // Its consumer is done, whose statements would stand among the next ones.
        await users.MailToAsync(account.Email, MailTemplates.PasswordReset);
        Assert.Equal(known, await StatementsAsync(nobody));
        Assert.NotEmpty(known);

        async Task<List<string>> StatementsAsync(string email)
        {
            var statements = await users.Sql.WhileAsync(async () => Assert.Equal(HttpStatusCode.Accepted, await AskAsync(email)));
            // What the request itself does; the consumer comes after it, and only there does anybody look.
            return [.. statements.Select(statement => statement.Sql).Where(sql => sql.Contains("throttles", StringComparison.Ordinal) || sql.Contains("INSERT INTO outbox", StringComparison.Ordinal)).Take(2)];
        }
    }

    [Fact]
    public async Task An_account_gets_three_such_mails_an_hour_and_nobody_else_notices()
    {
        var account = await users.SignUpAsync();
        for (var i = 0; i < 5; i++)
            Assert.Equal(HttpStatusCode.Accepted, await AskAsync(account.Email));
        for (var i = 0; i < 3; i++)
            await users.MailToAsync(account.Email, MailTemplates.PasswordReset);
        Assert.Single(await users.Environment.QueryAsync<string>("users", "SELECT hash FROM mailed_tokens WHERE user_id = $1", account.Id));
        users.Clock.Advance(TimeSpan.FromHours(1));
        await AskAsync(account.Email);
        // The fourth: had the two of before been sent, it would come later.
        await users.MailToAsync(account.Email, MailTemplates.PasswordReset);
    }

    [Fact]
    public async Task A_request_that_is_delivered_twice_and_at_once_makes_one_mail()
    {
        var account = await users.SignUpAsync();
        var id = Guid.CreateVersion7();
        var message = new Accounts.SendPasswordReset(account.Email, users.Clock.GetUtcNow());
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => users.Bus.SendAsync(Accounts.SendPasswordReset.Queue, message, id)));
        var first = await users.MailToAsync(account.Email, MailTemplates.PasswordReset);
        await users.Bus.SendAsync(Accounts.SendPasswordReset.Queue, message, id);
        await AskAsync(account.Email);
        Assert.NotEqual(first.Data["token"], (await users.MailToAsync(account.Email, MailTemplates.PasswordReset)).Data["token"]);
        Assert.Single(await users.Environment.QueryAsync<string>("users", "SELECT hash FROM mailed_tokens WHERE user_id = $1", account.Id));
    }

    [Fact]
    public async Task A_hash_of_lower_cost_is_renewed_at_sign_in()
    {
        var account = await users.SignUpAsync();
        await users.Environment.QueryAsync<int>("users", "UPDATE users SET password_hash = $2 WHERE id = $1 RETURNING 1", account.Id, new PasswordHasher(1_000).Hash(RunningUsers.Password));
        Assert.Equal(HttpStatusCode.Unauthorized, await SignInAsync(account, "wrong horse battery"));
        Assert.StartsWith("pbkdf2-sha512$1000$", await HashAsync(account), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Created, await SignInAsync(account, RunningUsers.Password));
        var renewed = await HashAsync(account);
        Assert.StartsWith("pbkdf2-sha512$210000$", renewed, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Created, await SignInAsync(account, RunningUsers.Password));
        Assert.Equal(renewed, await HashAsync(account));
    }

    [Theory]
    [InlineData("12345678")]
    [InlineData("PassWord1")]
    [InlineData("qwertyuiop")]
    [InlineData("ILoveYou")]
    [InlineData("ｐａｓｓｗｏｒｄ")]
    [InlineData("🦊🦊🦊🦊🦊🦊🦊")]
    public async Task A_common_or_short_password_is_refused(string password)
    {
        using var response = await SignUpAsync(password);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(["password"], (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").EnumerateObject().Select(error => error.Name));
    }

    [Fact]
    public async Task A_password_is_counted_in_code_points_and_known_in_each_of_its_forms()
    {
        using (var response = await SignUpAsync(string.Concat(Enumerable.Repeat("🦊", 128))))
            Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        using (var response = await SignUpAsync(string.Concat(Enumerable.Repeat("🦊", 129))))
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);

        var handle = RunningUsers.NewHandle();
        using (var response = await SignUpAsync("crème brûlée", handle))
            Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var account = new Account(Guid.Empty, handle, $"{handle}@example.org");
        Assert.Equal(HttpStatusCode.Created, await SignInAsync(account, "cre\u0300me bru\u0302le\u0301e"));
        Assert.Equal(HttpStatusCode.Unauthorized, await SignInAsync(account, "creme brulee"));
    }

    [Theory]
    [InlineData("e\u0301", "é")]
    [InlineData("ﬁ", "fi")]
    [InlineData("ＡＢＣ１２", "ABC12")]
    [InlineData("\u1E9B\u0323", "\u1E69")]
    [InlineData("q\u0307\u0323", "q\u0323\u0307")]
    [InlineData("\u0344", "\u0308\u0301")]
    [InlineData("\u1112\u1161\u11ab", "\uD55C")]
    [InlineData("\uD55C\uAE00", "\uD55C\uAE00")]
    [InlineData("\u2126", "\u03A9")]
    [InlineData("\u0958", "\u0915\u093C")]
    [InlineData("\uFDFA", "\u0635\u0644\u0649 \u0627\u0644\u0644\u0647 \u0639\u0644\u064A\u0647 \u0648\u0633\u0644\u0645")]
    [InlineData("a\u0315\u0300\u05AE\u0061", "à\u05AE\u0315a")]
    [InlineData("\ud834\udd5e", "\ud834\udd57\ud834\udd65")]
    [InlineData("plain ASCII", "plain ASCII")]
    public void Text_becomes_nfkc(string text, string expected) => Assert.Equal(expected, PasswordText.Normalise(text));

    [Fact]
    public async Task More_passwords_than_can_wait_are_put_off()
    {
        await using var busy = await users.StartAsync(new() { ["Passwords:AtOnce"] = "1", ["Passwords:Waiting"] = "2" });
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(async i =>
        {
            using var client = users.ClientOf(busy);
            using var response = await client.PostAsJsonAsync("/api/sessions", new { email = $"nobody{i}@example.org", password = "wrong horse battery" });
            return (response.StatusCode, response.Headers.RetryAfter?.Delta);
        }));
        Assert.All(answers, answer => Assert.Contains(answer, new[] { (HttpStatusCode.Unauthorized, (TimeSpan?)null), (HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(2)) }));
        Assert.Contains(answers, answer => answer.StatusCode == HttpStatusCode.ServiceUnavailable);
        Assert.True(answers.Count(answer => answer.StatusCode == HttpStatusCode.Unauthorized) >= 3);
    }

    [Fact]
    public async Task A_password_that_changes_while_somebody_signs_in_with_the_old_one_lets_nobody_in()
    {
        var account = await users.SignUpAsync();
        await users.Environment.QueryAsync<object>("users", $$"""
            CREATE FUNCTION change_{{account.Handle}}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE users SET password_hash = 'pbkdf2-sha512$1$AA==$AA==' WHERE id = '{{account.Id}}'; RETURN NULL; END $$;
            CREATE TRIGGER change_{{account.Handle}} AFTER DELETE ON throttles FOR EACH ROW EXECUTE FUNCTION change_{{account.Handle}}();
            """);
        // The failures of the account are forgotten after its password was found right and before its session is made: then the password changes.
        Assert.Equal(HttpStatusCode.Unauthorized, await SignInAsync(account, RunningUsers.Password));
        await users.Environment.QueryAsync<object>("users", $"DROP TRIGGER change_{account.Handle} ON throttles");
        Assert.Empty(await users.Environment.QueryAsync<Guid>("users", "SELECT id FROM sessions WHERE user_id = $1", account.Id));
    }

    private async Task<string> HashAsync(Account account) => Assert.Single(await users.Environment.QueryAsync<string>("users", "SELECT password_hash FROM users WHERE id = $1", account.Id));

    private async Task<(Guid, Guid)> RevokedAsync(Account account)
    {
        for (; ; )
        {
            if ((await users.Revoked.NextAsync()).Message is var revoked && revoked.UserId == account.Id)
                return (revoked.UserId, revoked.SessionId);
        }
    }

    private async Task<HttpResponseMessage> SignUpAsync(string password, string? handle = null)
    {
        handle ??= RunningUsers.NewHandle();
        using var client = users.Client();
        return await client.PostAsJsonAsync("/api/users", new { email = $"{handle}@example.org", handle, displayName = "Ada", password });
    }

    private async Task<HttpStatusCode> SignInAsync(Account account, string password)
    {
        using var client = users.Client();
        using var response = await client.PostAsJsonAsync("/api/sessions", new { account.Email, password });
        return response.StatusCode;
    }

    private async Task<HttpStatusCode> AskAsync(string email)
    {
        using var client = users.Client();
        using var response = await client.PostAsJsonAsync("/api/password-resets", new { email });
        return response.StatusCode;
    }

    private async Task<HttpStatusCode> CompleteAsync(string token, string newPassword)
    {
        using var client = users.Client();
        using var response = await client.PostAsJsonAsync("/api/password-resets/complete", new { token, newPassword });
        return response.StatusCode;
    }
}

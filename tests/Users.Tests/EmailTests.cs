using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using PhotoPlatform.Contracts;
using PhotoPlatform.ServiceDefaults.Caching;

namespace PhotoPlatform.Users.Tests;

public sealed class EmailTests(RunningUsersWithCheapPasswords users) : IClassFixture<RunningUsersWithCheapPasswords>
{
    [Fact]
    public async Task A_confirmed_address_replaces_the_old_one_everywhere()
    {
        var account = await users.SignUpAsync();
        var address = NewAddress();
        using var asked = await AskAsync(account, $" {address.ToUpperInvariant()} ");
        Assert.Equal(HttpStatusCode.Accepted, asked.StatusCode);
        var mail = await users.MailToAsync(address, MailTemplates.ConfirmEmail);
        Assert.Equal((account.Id, "Ada", 43), (mail.UserId, mail.Data["displayName"], mail.Data["token"].Length));
        Assert.Equal([SessionCache.HashOf(mail.Data["token"])], await users.Environment.QueryAsync<string>("users", "SELECT hash FROM mailed_tokens WHERE user_id = $1", account.Id));
        Assert.Equal([account.Email], await AddressesAsync(account));

        Assert.Equal(HttpStatusCode.NoContent, await ConfirmAsync(mail.Data["token"]));
        Assert.Equal([address], await AddressesAsync(account));
        await users.MailToAsync(account.Email, MailTemplates.EmailChanged);
        var told = await ChangedAsync(account);
        Assert.Equal((account.Id, 1L, account.Handle, "Ada", address), (told.UserId, told.Version, told.Handle, told.DisplayName, told.Email));
        await users.SignInAsync(account with { Email = address });

        // The old address is free, and belongs to whoever takes it next.
        using var client = users.Client();
        using var next = await client.PostAsJsonAsync("/api/users", new { account.Email, handle = RunningUsers.NewHandle(), displayName = "Eve", password = RunningUsers.Password });
        Assert.Single(await users.Environment.QueryAsync<Guid>("users", "SELECT user_id FROM logins WHERE email = $1", account.Email));
    }

    [Fact]
    public async Task Unknown_used_replaced_and_expired_tokens_get_one_answer()
    {
        var account = await users.SignUpAsync();
        var (first, second, third) = (NewAddress(), NewAddress(), NewAddress());
        var tokens = new List<string?> { null, "", new('x', 43), new('x', 5000), "a\0b", await TokenAsync(account, first) };
        var used = await TokenAsync(account, second);
        Assert.Equal(HttpStatusCode.NoContent, await ConfirmAsync(used));
        tokens.Add(used);
        tokens.Add(await TokenAsync(account, third));
        users.Clock.Advance(TimeSpan.FromHours(24) + TimeSpan.FromSeconds(1));

        var answers = new HashSet<string>();
        foreach (var token in tokens)
        {
            using var client = users.Client();
            using var response = await client.PostAsJsonAsync("/api/email-confirmations", new { token });
            Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
            answers.Add(await Testing.Answers.WithoutTraceAsync(response));
        }
        Assert.Single(answers);
        Assert.Equal([second], await AddressesAsync(account));
    }

    [Fact]
    public async Task Of_many_who_confirm_at_once_one_wins()
    {
        var account = await users.SignUpAsync();
        var token = await TokenAsync(account, NewAddress());
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => ConfirmAsync(token)));
        Assert.Single(answers, HttpStatusCode.NoContent);
        Assert.Equal(7, answers.Count(status => status == HttpStatusCode.UnprocessableEntity));
        Assert.Single(await AddressesAsync(account));
    }

    [Fact]
    public async Task Of_two_accounts_that_confirm_one_address_one_gets_it()
    {
        var address = NewAddress();
        var (ada, bob) = (await users.SignUpAsync(), await users.SignUpAsync());
        var tokens = new[] { await TokenAsync(ada, address), await TokenAsync(bob, address) };
        var answers = await Task.WhenAll(tokens.Select(ConfirmAsync));
        Assert.Equal([HttpStatusCode.NoContent, HttpStatusCode.UnprocessableEntity], answers.Order());
        Assert.Single(await AddressesAsync(ada));
        Assert.Single(await AddressesAsync(bob));
    }

    [Fact]
    public async Task A_taken_address_answers_alike_and_its_owner_is_told()
    {
        var (account, owner) = (await users.SignUpAsync(), await users.SignUpAsync());
        using var free = await AskAsync(account, NewAddress());
        using var taken = await AskAsync(account, owner.Email);
        Assert.Equal((free.StatusCode, await free.Content.ReadAsStringAsync(), free.Headers.ToString().Length), (taken.StatusCode, await taken.Content.ReadAsStringAsync(), taken.Headers.ToString().Length));
        Assert.Equal(owner.Id, (await users.MailToAsync(owner.Email, MailTemplates.AlreadyRegistered)).UserId);
        // The address of somebody else is not kept with this account.
        Assert.Empty(await users.Environment.QueryAsync<string>("users", "SELECT email FROM mailed_tokens WHERE email = $1", owner.Email));
    }

    [Fact]
    public async Task A_wrong_password_changes_nothing_and_too_many_are_put_off()
    {
        var account = await users.SignUpAsync();
        for (var i = 0; i < 5; i++)
        {
            using var wrong = await AskAsync(account, NewAddress(), "wrong horse battery");
            Assert.Equal(HttpStatusCode.Forbidden, wrong.StatusCode);
            Assert.Equal(["password"], (await wrong.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").EnumerateObject().Select(error => error.Name));
        }
        // From here on each failure doubles the pause, so that soon one try comes too early however slow this machine is.
        var statuses = new List<HttpStatusCode>();
        while (statuses.LastOrDefault() != HttpStatusCode.TooManyRequests && statuses.Count < 10)
        {
            using var next = await AskAsync(account, NewAddress(), "wrong horse battery");
            statuses.Add(next.StatusCode);
        }
        Assert.Equal(HttpStatusCode.TooManyRequests, statuses[^1]);
        Assert.Empty(await users.Environment.QueryAsync<string>("users", "SELECT hash FROM mailed_tokens WHERE user_id = $1", account.Id));
    }

    [Fact]
    public async Task Nobodys_mailbox_is_flooded_from_one_account()
    {
        var account = await users.SignUpAsync();
        for (var i = 0; i < 5; i++)
            (await AskAsync(account, NewAddress())).EnsureSuccessStatusCode();
        using var sixth = await AskAsync(account, NewAddress());
        Assert.Equal(HttpStatusCode.TooManyRequests, sixth.StatusCode);
        Assert.InRange(sixth.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromMinutes(55), TimeSpan.FromMinutes(60));
        users.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(HttpStatusCode.Accepted, (await AskAsync(account, NewAddress())).StatusCode);
    }

    [Theory]
    [InlineData("no-address", RunningUsers.Password, "email")]
    [InlineData("a@b\r\nBcc: all@example.org", RunningUsers.Password, "email")]
    [InlineData("new@example.org", "", "password")]
    public async Task A_bad_field_is_named(string email, string password, string field)
    {
        using var response = await AskAsync(await users.SomebodyAsync(), email, password);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal([field], (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").EnumerateObject().Select(error => error.Name));
    }

    private async Task<UserChanged> ChangedAsync(Account account)
    {
        for (; ; )
        {
            if ((await users.Changed.NextAsync()).Message is var changed && changed.UserId == account.Id)
                return changed;
        }
    }

    private static string NewAddress() => $"{RunningUsers.NewHandle()}@example.net";

    private async Task<HttpResponseMessage> AskAsync(Account account, string email, string password = RunningUsers.Password)
    {
        using var client = users.Client(account.Id);
        return await client.PostAsJsonAsync("/api/users/me/email", new { email, password });
    }

    private async Task<string> TokenAsync(Account account, string address)
    {
        (await AskAsync(account, address)).EnsureSuccessStatusCode();
        return (await users.MailToAsync(address, MailTemplates.ConfirmEmail)).Data["token"];
    }

    private async Task<HttpStatusCode> ConfirmAsync(string token)
    {
        using var client = users.Client();
        using var response = await client.PostAsJsonAsync("/api/email-confirmations", new { token });
        return response.StatusCode;
    }

    private Task<List<string>> AddressesAsync(Account account) => users.Environment.QueryAsync<string>("users", "SELECT email FROM logins WHERE user_id = $1", account.Id);
}

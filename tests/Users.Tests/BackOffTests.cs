using System.Net;
using System.Net.Http.Json;
using PhotoPlatform.Contracts;
using PhotoPlatform.Testing;
using PhotoPlatform.Users.Sessions;

namespace PhotoPlatform.Users.Tests;

public sealed class BackOffTests(RunningUsersWithCheapPasswords users) : IClassFixture<RunningUsersWithCheapPasswords>
{
    private int _addresses;

    [Fact]
    public async Task Of_many_guesses_at_once_no_more_than_the_free_ones_are_looked_at()
    {
        var account = await users.SignUpAsync();
        foreach (var email in new[] { account.Email, $"{RunningUsers.NewHandle()}@example.org" })
        {
            // From everywhere, and at two replicas.
            await using var replica = await users.StartAsync();
            var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => TryAsync(email, "wrong horse battery", NewAddress(), i % 2 == 0 ? users.Service : replica)));
            // Should a slow machine need a minute for them, six pauses of 1 to 32 s pass meanwhile.
            Assert.InRange(answers.Count(answer => answer.Status == HttpStatusCode.Unauthorized), Throttling.FreePerAccount, Throttling.FreePerAccount + 6);
            Assert.All(answers, answer => Assert.Contains(answer.Status, new[] { HttpStatusCode.Unauthorized, HttpStatusCode.TooManyRequests }));
        }
    }

    [Fact]
    public async Task Each_further_failure_doubles_the_pause_up_to_a_quarter_of_an_hour_for_known_and_unknown_addresses_alike()
    {
        var account = await users.SignUpAsync();
        var pauses = new List<List<double>>();
        foreach (var email in new[] { $"{RunningUsers.NewHandle()}@example.org", account.Email })
        {
            for (var i = 0; i < Throttling.FreePerAccount; i++)
                Assert.Equal(HttpStatusCode.Unauthorized, (await TryAsync(email, "wrong horse battery")).Status);
            var seen = new List<double>();
            for (var i = 0; i < 12; i++)
            {
                // What is stored is exact; the answer's seconds have passed in part.
                var pause = Assert.Single(await users.Environment.QueryAsync<double>("users", "SELECT extract(epoch FROM until - since)::float8 FROM throttles WHERE key LIKE 'account:%' ORDER BY since DESC LIMIT 1"));
                seen.Add(pause);
                users.Clock.Advance(TimeSpan.FromSeconds(pause));
                Assert.Equal(HttpStatusCode.Unauthorized, (await TryAsync(email, "wrong horse battery")).Status);
            }
            pauses.Add(seen);
        }
        Assert.Equal([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900], pauses[0]);
        Assert.Equal(pauses[0], pauses[1]);

        var early = await TryAsync(account.Email, RunningUsers.Password);
        Assert.Equal(HttpStatusCode.TooManyRequests, early.Status);
        users.Clock.Advance(early.Wait!.Value);
        Assert.Equal(HttpStatusCode.Created, (await TryAsync(account.Email, RunningUsers.Password)).Status);
        // Success starts the count anew.
        for (var i = 0; i < Throttling.FreePerAccount; i++)
            Assert.Equal(HttpStatusCode.Unauthorized, (await TryAsync(account.Email, "wrong horse battery")).Status);
    }

    [Fact]
    public async Task The_answer_to_a_try_that_comes_too_early_says_when_and_is_the_same_for_everybody()
    {
        var account = await users.SignUpAsync();
        var answers = new HashSet<string>();
        foreach (var email in new[] { account.Email, $"{RunningUsers.NewHandle()}@example.org" })
        {
            await GuessUntilPutOffAsync(email);
            foreach (var password in new[] { RunningUsers.Password, "wrong horse battery" })
            {
                await users.Environment.QueryAsync<int>("users", "UPDATE throttles SET until = now() + interval '1 day' WHERE key LIKE 'account:%' RETURNING 1");
                using var client = users.Client();
                client.DefaultRequestHeaders.Add("X-Forwarded-For", NewAddress());
                using var response = await client.PostAsJsonAsync("/api/sessions", new { email, password });
                Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
                Assert.True(response.Headers.RetryAfter!.Delta > TimeSpan.FromHours(1));
                answers.Add(await response.WithoutTraceAsync());
            }
        }
        Assert.Single(answers);
        await users.Environment.QueryAsync<int>("users", "DELETE FROM throttles RETURNING 1");
    }

    [Fact]
    public async Task A_reset_of_the_password_lets_the_owner_in_at_once()
    {
        var account = await users.SignUpAsync();
        await GuessUntilPutOffAsync(account.Email);
        using var client = users.Client();
        (await client.PostAsJsonAsync("/api/password-resets", new { account.Email })).EnsureSuccessStatusCode();
        var token = (await users.MailToAsync(account.Email, MailTemplates.PasswordReset)).Data["token"];
        (await client.PostAsJsonAsync("/api/password-resets/complete", new { token, newPassword = "another horse and battery" })).EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.Created, (await TryAsync(account.Email, "another horse and battery")).Status);
    }

    [Theory]
    [InlineData("198.51.100.7", "198.51.100.7")]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff")]
    public async Task One_address_that_tries_many_accounts_is_put_off_and_others_are_not(string address, string sameClient)
    {
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < Throttling.FreePerAddress + 20 && answers.LastOrDefault() != HttpStatusCode.TooManyRequests; i += 10)
            answers.AddRange((await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => TryAsync($"{RunningUsers.NewHandle()}@example.org", "wrong horse battery", address)))).Select(answer => answer.Status).Order());
        Assert.InRange(answers.Count(status => status == HttpStatusCode.Unauthorized), Throttling.FreePerAddress, Throttling.FreePerAddress + 10);

        var account = await users.SignUpAsync();
        await users.Environment.QueryAsync<int>("users", "UPDATE throttles SET until = now() + interval '1 day' WHERE key LIKE 'address:%' AND count >= $1 RETURNING 1", Throttling.FreePerAddress);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await TryAsync(account.Email, RunningUsers.Password, sameClient)).Status);
        // What a client writes there itself stands before what the gateway adds.
        Assert.Equal(HttpStatusCode.TooManyRequests, (await TryAsync(account.Email, RunningUsers.Password, $"203.0.113.1, {sameClient}")).Status);
        Assert.Equal(HttpStatusCode.Created, (await TryAsync(account.Email, RunningUsers.Password, "203.0.113.2")).Status);
        await users.Environment.QueryAsync<int>("users", "DELETE FROM throttles RETURNING 1");
    }

    [Fact]
    public async Task Failures_are_forgotten_and_removed()
    {
        var account = await users.SignUpAsync();
        for (var i = 0; i < Throttling.FreePerAccount - 1; i++)
            await TryAsync(account.Email, "wrong horse battery");
        users.Clock.Advance(Throttling.Memory + TimeSpan.FromMinutes(2));
        await Eventually.GetAsync(() => users.Environment.QueryAsync<long>("users", "SELECT count(*) FROM throttles"), rows => rows[0] == 0);
        for (var i = 0; i < Throttling.FreePerAccount - 1; i++)
            Assert.Equal(HttpStatusCode.Unauthorized, (await TryAsync(account.Email, "wrong horse battery")).Status);
    }

    [Fact]
    public async Task A_try_that_was_not_looked_at_does_not_count()
    {
        await using var busy = await users.StartAsync(new() { ["Passwords:AtOnce"] = "1", ["Passwords:Waiting"] = "1" });
        var email = $"{RunningUsers.NewHandle()}@example.org";
        // Others keep it busy.
        var others = Enumerable.Range(0, 10).Select(_ => TryAsync($"{RunningUsers.NewHandle()}@example.org", "wrong horse battery", NewAddress(), busy)).ToArray();
        var tries = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => TryAsync(email, "wrong horse battery", NewAddress(), busy)));
        await Task.WhenAll(others);
        var lookedAt = tries.Count(answer => answer.Status == HttpStatusCode.Unauthorized);
        Assert.Equal(lookedAt, (await users.Environment.QueryAsync<int>("users", "SELECT count FROM throttles WHERE key = 'account:' || encode(sha256(convert_to($1, 'UTF8')), 'hex')", email)).Single());
    }

    [Fact]
    public async Task Nothing_of_an_address_can_be_read_from_the_table()
    {
        var account = await users.SignUpAsync();
        await TryAsync(account.Email, "wrong horse battery", "192.0.2.77");
        foreach (var row in await users.Environment.QueryAsync<string>("users", "SELECT t::text FROM throttles t"))
        {
            Assert.DoesNotContain(account.Handle, row, StringComparison.Ordinal);
            Assert.DoesNotContain("192.0.2.77", row, StringComparison.Ordinal);
        }
    }

    /// <summary>Guesses until the account is put off, which the growing pauses bring about on any machine.</summary>
    private async Task GuessUntilPutOffAsync(string email)
    {
        for (var i = 0; i < 20; i++)
        {
            if ((await TryAsync(email, "wrong horse battery")).Status == HttpStatusCode.TooManyRequests)
                return;
        }
        Assert.Fail("Twenty guesses were looked at.");
    }

    private string NewAddress() => $"10.0.{_addresses / 250}.{1 + (_addresses++ % 250)}";

    private Task<(HttpStatusCode Status, TimeSpan? Wait)> TryAsync(string email, string password) => TryAsync(email, password, NewAddress());

    private async Task<(HttpStatusCode Status, TimeSpan? Wait)> TryAsync(string email, string password, string address, RunningService? replica = null)
    {
        using var client = users.ClientOf(replica ?? users.Service);
        client.DefaultRequestHeaders.Add("X-Forwarded-For", address);
        using var response = await client.PostAsJsonAsync("/api/sessions", new { email, password });
        return (response.StatusCode, response.Headers.RetryAfter?.Delta);
    }
}

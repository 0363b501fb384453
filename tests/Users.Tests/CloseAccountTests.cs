using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using PhotoPlatform.Contracts;
using PhotoPlatform.ServiceDefaults.Caching;
using PhotoPlatform.Storage;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Users.Tests;

public sealed class CloseAccountTests(RunningUsersWithCheapPasswords users) : IClassFixture<RunningUsersWithCheapPasswords>
{
    [Fact]
    public async Task Nothing_is_left_of_a_closed_account_but_that_it_was_closed_and_that_for_an_hour()
    {
        var (account, friend) = (await users.SignUpAsync(), await users.SignUpAsync());
        var (token, session) = await users.SignInAsync(account);
        using var client = users.Client(account.Id, session);
        using var friends = users.Client(friend.Id);
        (await client.PutAsync(new Uri($"/api/users/{friend.Handle}/follow", UriKind.Relative), null)).EnsureSuccessStatusCode();
        (await friends.PutAsync(new Uri($"/api/users/{account.Handle}/follow", UriKind.Relative), null)).EnsureSuccessStatusCode();
        (await client.PostAsJsonAsync("/api/users/me/email", new { email = $"new-{account.Email}", password = RunningUsers.Password })).EnsureSuccessStatusCode();
        (await client.PostAsJsonAsync("/api/password-resets", new { account.Email })).EnsureSuccessStatusCode();
        await users.MailToAsync(account.Email, MailTemplates.PasswordReset);
        var export = (await (await client.PostAsync(new Uri("/api/users/me/exports", UriKind.Relative), null)).Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
        await users.Blobs.WriteAsync($"exports/{export:D}/media/part.json", "[]"u8.ToArray(), default);
        await users.HandleAsync(new PhotoReady(PlatformId.New(TimeProvider.System, 7), account.Id, 1, "/media/x/thumb", TimeProvider.System.GetUtcNow()));

        using var response = await DeleteAsync(client, RunningUsers.Password);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.StartsWith("__Host-session=;", Assert.Single(response.Headers.GetValues("Set-Cookie")), StringComparison.Ordinal);
        Assert.Null(await users.ResolveAsync(token));
        Assert.Equal((true, null), await users.Service.Services.GetRequiredService<SessionCache>().ReadAsync(SessionCache.HashOf(token), default));
        await DeletedAsync(account);
        Assert.Equal("Ada", (await users.MailToAsync(account.Email, MailTemplates.AccountDeleted)).Data["displayName"]);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(new Uri("/api/users/me", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await friends.GetAsync(new Uri($"/api/users/{account.Handle}", UriKind.Relative))).StatusCode);

        await Eventually.GetAsync(() => TracesAsync(account), traces => traces is ["closed_accounts"]);
        Assert.Empty(await users.Blobs.ListAsync($"exports/{export:D}", default).ToListAsync());
        Assert.Equal([0], await users.Environment.QueryAsync<int>("users", "SELECT follower_count + following_count FROM users WHERE id = $1", friend.Id));

        // What comes later brings nothing back.
        await users.HandleAsync(new PhotoReady(PlatformId.New(TimeProvider.System, 7), account.Id, 1, "/media/y/thumb", TimeProvider.System.GetUtcNow()));
        await users.HandleAsync(new PhotoDeleted(PlatformId.New(TimeProvider.System, 7), account.Id, "originals/x", TimeProvider.System.GetUtcNow()));
        await users.Blobs.WriteAsync($"exports/{export:D}/media/manifest.json", "{}"u8.ToArray(), default);
        await users.HandleAsync(new ExportPartWritten(export, account.Id, "media", $"exports/{export:D}/media/manifest.json"));
        Assert.Empty(await users.Blobs.ListAsync($"exports/{export:D}", default).ToListAsync());

        // Address and handle are free.
        using var anybody = users.Client();
        using var next = await anybody.PostAsJsonAsync("/api/users", new { account.Email, account.Handle, displayName = "Eve", password = RunningUsers.Password });
        Assert.Equal(HttpStatusCode.Created, next.StatusCode);
        await users.Environment.QueryAsync<object>("users", "DELETE FROM logins WHERE email = $1", account.Email);
        await users.Environment.QueryAsync<object>("users", "DELETE FROM handles WHERE name = $1", account.Handle);
        await users.Environment.QueryAsync<object>("users", "DELETE FROM users WHERE handle = $1", account.Handle);
        users.Clock.Advance(TimeSpan.FromMinutes(62));
        await Eventually.GetAsync(() => TracesAsync(account), traces => traces.Count == 0);
    }

    [Fact]
    public async Task A_wrong_password_closes_nothing()
    {
        var account = await users.SomebodyAsync();
        using var client = users.Client(account.Id);
        using (var wrong = await DeleteAsync(client, "wrong horse battery"))
            Assert.Equal(HttpStatusCode.Forbidden, wrong.StatusCode);
        using (var missing = await DeleteAsync(client, ""))
            Assert.Equal(HttpStatusCode.BadRequest, missing.StatusCode);
        using (var nothing = await client.DeleteAsync(new Uri("/api/users/me", UriKind.Relative)))
            Assert.Equal(HttpStatusCode.BadRequest, nothing.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri("/api/users/me", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task Many_follows_go_in_short_transactions_and_the_counts_of_the_others_stay_exact()
    {
        var (account, other) = (await users.SignUpAsync(), await users.SignUpAsync());
        await users.Environment.QueryAsync<int>("users", """
            WITH fans AS (INSERT INTO users (id, handle, display_name, password_hash, created_at, follower_count, following_count)
                SELECT gen_random_uuid(), 'fan_' || n, 'Fan', 'x', now(), 1, 1 FROM generate_series(1, 5000) n RETURNING id),
            following AS (INSERT INTO follows SELECT $1, id, now() FROM fans),
            followers AS (INSERT INTO follows SELECT id, $1, now() FROM fans),
            -- Half of them also follow the other one, who leaves at the same time.
            halves AS (INSERT INTO follows SELECT id, $2, now() FROM fans WHERE id < '80000000-0000-0000-0000-000000000000'),
            mutual AS (INSERT INTO follows VALUES ($1, $2, now()), ($2, $1, now()))
            UPDATE users SET follower_count = 5001, following_count = 5001 WHERE id = $1 RETURNING 1
            """, account.Id, other.Id);
        await users.Environment.QueryAsync<int>("users", "UPDATE users u SET following_count = (SELECT count(*) FROM follows WHERE follower_id = u.id), follower_count = (SELECT count(*) FROM follows WHERE followee_id = u.id) RETURNING 1");
        await using var replica = await users.StartAsync();
        var statements = await users.Sql.WhileAsync(async () =>
        {
            await Task.WhenAll(new[] { account, other }.Select(async leaving =>
            {
                using var client = users.Client(leaving.Id);
                (await DeleteAsync(client, RunningUsers.Password)).EnsureSuccessStatusCode();
            }));
            await Eventually.GetAsync(() => users.Environment.QueryAsync<long>("users", "SELECT count(*) FROM closed_accounts WHERE done_at IS NULL"), rows => rows[0] == 0);
        });

        Assert.Empty(await users.Environment.QueryAsync<Guid>("users", "SELECT follower_id FROM follows"));
        Assert.Equal([0L], await users.Environment.QueryAsync<long>("users", "SELECT count(*) FROM users WHERE follower_count <> 0 OR following_count <> 0"));
        // 12,500 rows, and no statement had more than a batch of them.
        var batches = statements.Where(statement => statement.Sql.Contains("DELETE FROM follows", StringComparison.Ordinal)).Select(statement => statement.Parameters.Select(parameter => parameter.Value).OfType<List<Guid>>().Single().Count).ToList();
        Assert.InRange(batches.Count, 60, 200);
        Assert.All(batches, batch => Assert.InRange(batch, 1, Closing.AccountCloser.Batch));
    }

    [Fact]
    public async Task Nobody_can_follow_who_is_leaving()
    {
        var (account, fan) = (await users.SignUpAsync(), await users.SignUpAsync());
        using var client = users.Client(account.Id);
        using var fans = users.Client(fan.Id);
        var follow = fans.PutAsync(new Uri($"/api/users/{account.Handle}/follow", UriKind.Relative), null);
        (await DeleteAsync(client, RunningUsers.Password)).EnsureSuccessStatusCode();
        Assert.Contains((await follow).StatusCode, new[] { HttpStatusCode.NoContent, HttpStatusCode.NotFound });
        await Eventually.GetAsync(() => users.Environment.QueryAsync<long>("users", "SELECT count(*) FROM follows WHERE followee_id = $1", account.Id), rows => rows[0] == 0);
        await Eventually.GetAsync(() => users.Environment.QueryAsync<int>("users", "SELECT following_count FROM users WHERE id = $1", fan.Id), rows => rows[0] == 0);
    }

    private static async Task<HttpResponseMessage> DeleteAsync(HttpClient client, string password)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, "/api/users/me") { Content = JsonContent.Create(new { password }) };
        return await client.SendAsync(request);
    }

    private async Task DeletedAsync(Account account)
    {
        while ((await users.Deleted.NextAsync()).Message.UserId != account.Id)
        {
            // Of another test of this class.
        }
    }

    /// <summary>The tables with a row that has the account's id, address or handle anywhere, read as text.</summary>
    private async Task<List<string>> TracesAsync(Account account)
    {
        var traces = new List<string>();
        foreach (var table in await users.Environment.QueryAsync<string>("users", "SELECT quote_ident(c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1"))
        {
            var found = await users.Environment.QueryAsync<string>("users", $"SELECT t::text FROM {table} t WHERE t::text LIKE ANY($1)", [new[] { $"%{account.Id}%", $"%{account.Email}%", $"%{account.Handle}%" }]);
            if (found.Count > 0)
                traces.Add(table);
        }
        return traces;
    }
}

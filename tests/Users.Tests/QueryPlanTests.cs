using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using PhotoPlatform.Testing;
using PhotoPlatform.Users.Passwords;

namespace PhotoPlatform.Users.Tests;

/// <summary>100,000 users, 100,000 sessions and 500,000 follows: what each request asks of the database, as EF Core really sends it.</summary>
public sealed class QueryPlanTests(RunningUsers users, ITestOutputHelper output) : IClassFixture<RunningUsers>
{
    private static readonly string[] BigTables = ["users", "logins", "handles", "sessions", "follows"];

    // Beside the rows themselves: a descent of up to three index pages to the first row of each table that takes part (users, logins, handles, follows), and the page where it lies.
    private const int Descents = 16;

    // Each row that is written or looked for by its key goes down every index of its table (follows has three, sessions four), by up to four pages each, and is written in two places.
    private const int Writes = 40;

    [Fact]
    public async Task No_request_reads_a_big_table_from_end_to_end_or_more_than_5_pages_a_row()
    {
        var start = Stopwatch.GetTimestamp();
        await SeedAsync();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seeded in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s"));
        var star = Guid.Parse("00000001-0000-8000-8000-000000000000");
        var session = Guid.Parse("00000001-0000-7000-8000-000000000000");
        using var client = users.Client(star, session);
        var requests = new Dictionary<string, Func<Task>>
        {
            ["resolve"] = () => users.ResolveAsync("token 1"),
            ["sign in"] = async () => (await client.PostAsJsonAsync("/api/sessions", new { email = "user1@example.org", password = RunningUsers.Password })).EnsureSuccessStatusCode(),
            ["sign up"] = async () => (await client.PostAsJsonAsync("/api/users", new { email = "new@example.org", handle = "new_one", displayName = "Ada", password = RunningUsers.Password })).EnsureSuccessStatusCode(),
            ["me"] = () => GetAsync("/api/users/me"),
            ["change me"] = async () => (await client.PatchAsJsonAsync("/api/users/me", new { displayName = "Grace" })).EnsureSuccessStatusCode(),
            ["a user"] = () => GetAsync("/api/users/user_777"),
            ["followers"] = () => PagesAsync("/api/users/user_1/followers"),
            ["following"] = () => PagesAsync("/api/users/user_1/following"),
            ["follow"] = async () => (await client.PutAsync(new Uri("/api/users/user_99999/follow", UriKind.Relative), null)).EnsureSuccessStatusCode(),
            ["unfollow"] = async () => (await client.DeleteAsync(new Uri("/api/users/user_99999/follow", UriKind.Relative))).EnsureSuccessStatusCode(),
            ["sessions"] = () => GetAsync("/api/sessions"),
            ["end the others"] = async () => (await client.DeleteAsync(new Uri("/api/sessions", UriKind.Relative))).EnsureSuccessStatusCode(),
            ["ask for a reset"] = async () => (await client.PostAsJsonAsync("/api/password-resets", new { email = "user1@example.org" })).EnsureSuccessStatusCode(),
            ["change of address"] = async () => (await client.PostAsJsonAsync("/api/users/me/email", new { email = "other@example.org", password = RunningUsers.Password })).EnsureSuccessStatusCode(),
            ["export"] = async () => (await client.PostAsync(new Uri("/api/users/me/exports", UriKind.Relative), null)).EnsureSuccessStatusCode(),
            ["exports"] = () => GetAsync("/api/users/me/exports"),
            ["close"] = async () =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Delete, "/api/users/me") { Content = JsonContent.Create(new { password = RunningUsers.Password }) };
                (await client.SendAsync(request)).EnsureSuccessStatusCode();
                await Eventually.GetAsync(() => users.Environment.QueryAsync<long>("users", "SELECT count(*) FROM follows WHERE follower_id = $1 OR followee_id = $1", star), rows => rows[0] == 0);
            },
        };

        var wrong = new List<string>();
        foreach (var (name, request) in requests)
        {
            // Explained after the request, on what it left; each statement is undone.
            var statements = await users.Sql.WhileAsync(request);
            Assert.NotEmpty(statements);
            if (name == "close")
                await VacuumAsync();
            foreach (var statement in statements.Where(IsOne).DistinctBy(statement => statement.Sql))
            {
                var plan = await QueryPlan.OfAsync(users.Environment.Database("users"), statement.Sql, statement.Parameters);
                // To lock a row is to write it; and a batch looks for each of its keys, also those that somebody else was faster with.
                var writes = !statement.Sql.StartsWith("SELECT", StringComparison.Ordinal) || statement.Sql.Contains("FOR NO KEY UPDATE", StringComparison.Ordinal);
                var keys = statement.Parameters.Select(parameter => parameter.Value).OfType<List<Guid>>().Sum(list => list.Count);
                var limit = writes ? Writes * (1 + Math.Max(plan.Rows, keys)) : Descents + (5 * plan.Rows);
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {plan.Rows} rows, {plan.Buffers} buffers: {statement.Sql.ReplaceLineEndings(" ")[..Math.Min(140, statement.Sql.Length)]}"));
                if (plan.Buffers > limit || plan.SequentialScans.Intersect(BigTables).Any())
                    wrong.Add($"{name}: {plan.Rows} rows, {plan.Buffers} buffers, reads from end to end: {string.Join(", ", plan.SequentialScans)}\n{statement.Sql}\n{plan.Text}");
            }
        }
        Assert.Empty(wrong);

        async Task GetAsync(string path) => (await client.GetAsync(new Uri(path, UriKind.Relative))).EnsureSuccessStatusCode();

        async Task PagesAsync(string path)
        {
            var first = await client.GetFromJsonAsync<JsonElement>($"{path}?limit=100");
            Assert.Equal(100, first.GetProperty("items").GetArrayLength());
            var second = await client.GetFromJsonAsync<JsonElement>($"{path}?limit=100&cursor={first.GetProperty("next").GetString()}");
            Assert.Equal(100, second.GetProperty("items").GetArrayLength());
        }
    }

    /// <summary>EXPLAIN takes one statement; what EF Core sends as a batch of updates by key is left out, and so are inserts, which look for nothing, and the messages' own tables.</summary>
    private static bool IsOne(Statement statement) =>
        (!statement.Sql.StartsWith("INSERT", StringComparison.Ordinal) || statement.Sql.Contains("ON CONFLICT", StringComparison.Ordinal))
        && !statement.Sql.TrimEnd().TrimEnd(';').Contains(';', StringComparison.Ordinal)
        && !statement.Sql.Contains("inbox", StringComparison.Ordinal) && !statement.Sql.Contains("outbox", StringComparison.Ordinal);

    private async Task SeedAsync()
    {
        await using var connection = new NpgsqlConnection(users.Environment.Database("users") + ";Pooling=false;Command Timeout=60");
        await connection.OpenAsync();
        await using var seed = new NpgsqlCommand($"""
            SET maintenance_work_mem = '256MB';
            ALTER TABLE users SET UNLOGGED; ALTER TABLE logins SET UNLOGGED; ALTER TABLE handles SET UNLOGGED; ALTER TABLE sessions SET UNLOGGED; ALTER TABLE follows SET UNLOGGED;
            CREATE TEMP TABLE indexes AS SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename IN ('follows', 'sessions', 'handles', 'logins') AND indexname LIKE 'ix_%';
            DO $$ DECLARE name text; BEGIN FOR name IN SELECT indexname FROM indexes LOOP EXECUTE 'DROP INDEX ' || name; END LOOP; END $$;
            INSERT INTO users (id, handle, display_name, password_hash, created_at, profile, follower_count, following_count)
                SELECT (lpad(to_hex(n), 8, '0') || '-0000-8000-8000-000000000000')::uuid, 'user_' || n, 'User ' || n, '{new PasswordHasher(PasswordHasher.DefaultIterations).Hash(RunningUsers.Password)}',
                    now(), '{JsonSerializer.Serialize(new { bio = new string('x', 100) })}', 5, 5 FROM generate_series(1, 100000) n;
            INSERT INTO logins (email, user_id) SELECT 'user' || substr(handle, 6) || '@example.org', id FROM users;
            INSERT INTO handles (name, user_id) SELECT handle, id FROM users;
            INSERT INTO sessions (id, token_hash, user_id, created_at, expires_at, device, last_seen_at)
                SELECT (lpad(to_hex(n), 8, '0') || '-0000-7000-8000-000000000000')::uuid, encode(sha256(convert_to('token ' || n, 'UTF8')), 'hex'), (lpad(to_hex(n), 8, '0') || '-0000-8000-8000-000000000000')::uuid,
                    now(), now() + interval '30 days', 'Firefox on Linux', now() - interval '1 hour' FROM generate_series(1, 100000) n;
            -- Everybody follows five; the first is a star, and follows many.
            INSERT INTO follows SELECT (lpad(to_hex(n), 8, '0') || '-0000-8000-8000-000000000000')::uuid, (lpad(to_hex(1 + (n * 7919 + k * 104729) % 100000), 8, '0') || '-0000-8000-8000-000000000000')::uuid,
                now() - (n * 5 + k) * interval '1 second' FROM generate_series(2, 99000) n, generate_series(1, 5) k WHERE (n * 7919 + k * 104729) % 100000 <> 0;
            INSERT INTO follows SELECT '00000001-0000-8000-8000-000000000000', (lpad(to_hex(n), 8, '0') || '-0000-8000-8000-000000000000')::uuid, now() - n * interval '1 second' FROM generate_series(2, 4000) n;
            INSERT INTO follows SELECT (lpad(to_hex(n * 9), 8, '0') || '-0000-8000-8000-000000000000')::uuid, '00000001-0000-8000-8000-000000000000', now() - n * interval '1 second' FROM generate_series(2, 10000) n;
            DO $$ DECLARE definition text; BEGIN FOR definition IN SELECT indexdef FROM indexes LOOP EXECUTE definition; END LOOP; END $$;
            """, connection);
        await seed.ExecuteNonQueryAsync();
        await VacuumAsync();
    }

    /// <summary>As PostgreSQL itself does from time to time: rows that many deletions left are no rows any more.</summary>
    private async Task VacuumAsync() => await users.Environment.QueryAsync<object>("users", "VACUUM ANALYZE");
}

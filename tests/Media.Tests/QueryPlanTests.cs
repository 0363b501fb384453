using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;
using PhotoPlatform.Contracts;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Media.Tests;

/// <summary>What each hot query costs at 1,000,000 photos of 10,000 owners. The queries are those that the service sends for real requests, and messages.</summary>
public sealed class QueryPlanTests : IAsyncLifetime
{
    private const int Photos = 1_000_000;
    private const int Owners = 10_000;

    /// <summary>Owners whose photos have renditions: those that are asked about, and enough others for an index of three levels.</summary>
    private const int OwnersWithRenditions = 600;

    /// <summary>Pages for each row that is returned.</summary>
    private const int PerRow = 5;

    /// <summary>The way to the first row: root, inner page and leaf of an index, and the row's own page, in up to two tables.</summary>
    private const int Descent = 2 * 4;

    /// <summary>A row that is locked is written to: its page is come back to up to three times.</summary>
    private const int PerLock = 3;

    private static readonly string[] BigTables = ["photos", "renditions", "owners"];
    private readonly RunningMedia _media = new();

    public ValueTask InitializeAsync() => _media.InitializeAsync();

    public ValueTask DisposeAsync() => _media.DisposeAsync();

    [Fact]
    public async Task Every_hot_query_takes_its_index_and_under_five_pages_a_row()
    {
        var start = Stopwatch.GetTimestamp();
        await SeedAsync();
        TestContext.Current.TestOutputHelper?.WriteLine($"seeded in {Stopwatch.GetElapsedTime(start).TotalSeconds:F0} s");

        var owner = (await _media.Environment.QueryAsync<Guid>("media", "SELECT user_id FROM owners WHERE handle = 'owner_500'"))[0];
        using var client = _media.Service.Client(owner);
        using var anonymous = _media.Service.Client();
        var own = new Owner(_media, owner, client);
        using var recorder = new PlanRecorder(_media.Environment.Database("media"));
        recorder.Start();

        await recorder.NameAsync("own list", () => own.PageAsync("/api/photos?limit=100"));
        var page = await own.PageAsync("/api/photos");
        await recorder.NameAsync("own list, deep", () => own.PageAsync($"/api/photos?limit=30&cursor={page.Items[^1].Id}"));
        await recorder.NameAsync("own photo", () => own.GetAsync(page.Items[0].Id));
        await recorder.NameAsync("gallery", () => anonymous.GetFromJsonAsync<SharedPage>("/api/users/owner_500/photos"));
        var gallery = (await anonymous.GetFromJsonAsync<SharedPage>("/api/users/owner_500/photos?limit=20"))!;
        await recorder.NameAsync("gallery, deep", () => anonymous.GetFromJsonAsync<SharedPage>($"/api/users/owner_500/photos?cursor={gallery.Next}"));
        await recorder.NameAsync("photo of a user", () => anonymous.GetFromJsonAsync<SharedPhotoView>($"/api/users/owner_500/photos/{gallery.Items[0].Id}"));
        await recorder.NameAsync("rendition", () => anonymous.GetAsync(new Uri(gallery.Items[0].Renditions[0].Url, UriKind.Relative)));
        var secret = page.Items.First(photo => photo.Visibility == "private");
        await recorder.NameAsync("private rendition, signed", () => anonymous.GetAsync(new Uri(secret.UrlOf("large"), UriKind.Relative)));
        await recorder.NameAsync("private rendition, own", () => own.GetAsync(secret.UrlOf("large").Split('?')[0]));
        await recorder.NameAsync("change", () => own.PatchAsync(secret.Id, new { title = "changed" }));
        var uploaded = await recorder.NameAsync("upload", () => own.UploadAsync());
        await recorder.NameAsync("processed", async () =>
        {
            await _media.Bus.PublishAsync(_media.Render(uploaded));
            return await RunningMedia.NextAsync(_media.Ready, ready => ready.PhotoId, uploaded);
        });
        await recorder.NameAsync("delete", () => own.DeleteAsync(uploaded));
        var ids = page.Items.Take(20).Select(photo => photo.Id).ToArray();
        var first = await recorder.NameAsync("delete many", () => DeletionTests.DeleteAsync(own, ids));
        await recorder.NameAsync("undo", () => DeletionTests.UndoAsync(own, first.Id));
        await recorder.NameAsync("purge", async () =>
        {
            await DeletionTests.DeleteAsync(own, ids);
            return await Eventually.GetAsync(() => _media.Environment.QueryAsync<long>("media", "SELECT count(*) FROM photos WHERE id = ANY($1)", ids), left => left[0] == 0);
        });
        await recorder.NameAsync("export", async () =>
        {
            await _media.Bus.PublishAsync(new ExportRequested(Guid.NewGuid(), owner, DateTimeOffset.UnixEpoch));
            return await _media.Exported.NextAsync();
        });
        await recorder.NameAsync("registered", async () =>
        {
            await _media.DeliverOftenAsync("media-user-registered", new UserRegistered(owner, "owner_500", "Somebody", "somebody@example.org", DateTimeOffset.UnixEpoch));
            return 0;
        });
        await recorder.NameAsync("account deleted", async () =>
        {
            await _media.Bus.PublishAsync(new UserDeleted(owner, DateTimeOffset.UnixEpoch));
            return await Eventually.GetAsync(own.RowsAsync, rows => rows.Count == 0);
        });
        // Rows that were deleted a moment ago lie there until PostgreSQL clears them away, and are stepped over; so few of them it would leave in the indexes.
        await ExecuteAsync("VACUUM (INDEX_CLEANUP ON) photos");
        await recorder.NameAsync("orphan sweep and closed accounts", async () =>
        {
            var known = await _media.Environment.QueryAsync<Guid>("media", "SELECT id FROM photos ORDER BY created_at DESC LIMIT 500");
            foreach (var photo in known)
            {
                var file = Path.Combine(_media.Blobs, "originals", photo.ToString());
                await File.WriteAllTextAsync(file, "");
                File.SetLastWriteTimeUtc(file, TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-2));
            }
            _media.Clock.Advance(TimeSpan.FromHours(2));
            await Eventually.GetAsync(() => _media.Environment.QueryAsync<long>("media", "SELECT count(*) FROM owners WHERE user_id = $1", owner), left => left[0] == 0);
            return await Eventually.GetAsync(() => Task.FromResult(_media.Service.Logs.All), lines => lines.Any(line => line.Message.StartsWith("Of 500 blobs", StringComparison.Ordinal)));
        });

        Assert.True(recorder.Plans.Count >= 40, $"{recorder.Plans.Count} statements");
        var failures = new List<string>();
        foreach (var (name, sql, plan) in recorder.Plans)
        {
            var isRead = IsRead(sql);
            TestContext.Current.TestOutputHelper?.WriteLine($"{name,-34} {(isRead ? $"{plan.Rows,4} rows {plan.Buffers,5} pages" : ""),-22} {(sql.Length > 90 ? sql[..90] : sql).ReplaceLineEndings(" ")}");
            if (plan.SequentialScans.Intersect(BigTables).Any() || (isRead && plan.Buffers > (PagesPerRow(sql) * Math.Max(plan.Rows, 1)) + Descent))
                failures.Add($"{name}: {plan.Rows} rows, {plan.Buffers} pages\n{sql}\n{plan.Text}");
        }
        Assert.True(failures.Count == 0, string.Join("\n\n", failures));
    }

    private static int PagesPerRow(string sql) => PerRow + (sql.Contains("FOR UPDATE", StringComparison.Ordinal) ? PerLock : 0);

    private static bool IsRead(string sql) => sql.StartsWith("SELECT", StringComparison.Ordinal);

    private async Task SeedAsync()
    {
        // Ids as the platform makes them: an owner's photos lie apart, among everybody's of the same time.
        await ExecuteAsync($"""
            INSERT INTO owners (user_id, handle, photos, bytes)
            SELECT (lpad(to_hex(1600000000000 + o), 12, '0') || '8' || lpad(to_hex(o % 3840), 3, '0') || '8' || substr(md5(o::text), 1, 15))::uuid, 'owner_' || o, 100, 100000 FROM generate_series(0, {Owners - 1}) o
            """);
        await ExecuteAsync($"""
            INSERT INTO photos (id, owner_id, title, description, visibility, avatar, state, version, epoch, content_type, bytes, sha256, source, width, height, placeholder, created_at)
            SELECT (lpad(to_hex(1700000000000 + i * 1000), 12, '0') || '8' || lpad(to_hex(o.n % 3840), 3, '0') || '8' || substr(md5(i::text), 1, 15))::uuid,
                o.user_id, 'Photo ' || i, 'A description of ordinary length.', (ARRAY['Public', 'Public', 'Public', 'Unlisted', 'Private'])[1 + (i / {Owners}) % 5], (i / {Owners}) % 100 = 50,
                CASE WHEN (i / {Owners}) % 50 = 7 THEN 'Failed' WHEN (i / {Owners}) % 50 = 8 THEN 'Pending' ELSE 'Ready' END,
                1, 1, 'image/jpeg', 1000, sha256(i::text::bytea), 'originals/' || md5(i::text), 4000, 3000, 'LEHV6nWB2yk8pyo0adR*.7kCMdnj', to_timestamp(1700000000 + i)
            FROM generate_series(0, {Photos - 1}) i
            JOIN (SELECT user_id, substr(handle, 7)::int AS n FROM owners WHERE handle LIKE 'owner\_%') o ON o.n = i % {Owners}
            ORDER BY i
            """);
        await ExecuteAsync($"""
            INSERT INTO renditions (photo_id, version, name, key, width, height, content_type, bytes, etag)
            SELECT p.id, 1, name, 'renditions/' || p.id || '/1/0123456789ab-' || name || '.webp', 640, 480, 'image/webp', 50000, encode(p.sha256, 'hex')
            FROM photos p JOIN owners ON user_id = p.owner_id, unnest(ARRAY['thumb', 'small', 'medium', 'large']) name
            WHERE substr(handle, 7)::int < {OwnersWithRenditions} AND p.state = 'Ready' ORDER BY p.id
            """);
        await ExecuteAsync("VACUUM ANALYZE photos");
        await ExecuteAsync("VACUUM ANALYZE renditions");
        await ExecuteAsync("VACUUM ANALYZE owners");
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(_media.Environment.Database("media") + ";Pooling=false;CommandTimeout=0");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>
    /// The plans of the statements that EF Core sends to one database, each with the name of what it was sent for. A read is explained in the moment before it is sent, and finds what it will find.
    /// A change would wait for the locks of its own transaction then, so it is explained afterwards: on which way it goes, not what it costs.
    /// </summary>
    private sealed class PlanRecorder(string connectionString) : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>, IDisposable
    {
        private readonly string _database = new NpgsqlConnectionStringBuilder(connectionString).Database!;
        private readonly ConcurrentQueue<(string Sql, NpgsqlParameter[] Parameters)> _changes = new();
        private readonly ConcurrentDictionary<(string Name, string Sql), QueryPlan> _plans = new();
        private readonly List<IDisposable> _subscriptions = [];
        private volatile string? _name;

        internal List<(string Name, string Sql, QueryPlan Plan)> Plans => [.. _plans.Select(one => (one.Key.Name, one.Key.Sql, one.Value)).OrderBy(one => one.Name)];

        internal void Start() => _subscriptions.Add(DiagnosticListener.AllListeners.Subscribe(this));

        internal async Task<T> NameAsync<T>(string name, Func<Task<T>> act)
        {
            _name = name;
            var result = await act();
            _name = null;
            if (result is HttpResponseMessage response)
                Assert.True(response.IsSuccessStatusCode || name.Contains("rendition", StringComparison.Ordinal), $"{name}: {response.StatusCode}");
            while (_changes.TryDequeue(out var change))
                _plans[(name, change.Sql)] = await QueryPlan.OfAsync(connectionString, change.Sql, change.Parameters);
            return result;
        }

        public void OnNext(DiagnosticListener value)
        {
            if (value.Name == "Microsoft.EntityFrameworkCore")
                _subscriptions.Add(value.Subscribe(this));
        }

        public void OnNext(KeyValuePair<string, object?> value)
        {
            if (_name is not { } name || value.Key != RelationalEventId.CommandExecuting.Name || value.Value is not CommandEventData { Command: { } command } || command.Connection?.Database != _database)
                return;
            var sql = command.CommandText;
            // Messages have tables of their own, and several statements at once cannot be explained.
            if (sql.Contains("INTO inbox", StringComparison.Ordinal) || sql.Contains("INTO outbox", StringComparison.Ordinal) || sql.TrimEnd().TrimEnd(';').Contains(";\n", StringComparison.Ordinal))
                return;
            var parameters = command.Parameters.Cast<NpgsqlParameter>().Select(parameter => parameter.Clone()).ToArray();
            if (!IsRead(sql))
                _changes.Enqueue((sql, parameters));
            else if (!_plans.ContainsKey((name, sql)))
                _plans[(name, sql)] = QueryPlan.OfAsync(connectionString, sql, parameters).GetAwaiter().GetResult();
        }

        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }

        public void Dispose() => _subscriptions.ForEach(subscription => subscription.Dispose());
    }
}

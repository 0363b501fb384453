using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using PhotoPlatform.Notifier.Data;
using PhotoPlatform.Notifier.Events;
using PhotoPlatform.Notifier.Mails;
using PhotoPlatform.Notifier.Notifications;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Notifier.Tests;

/// <summary>At 100,000 users, 500,000 events, 500,000 notifications and 50,000 mails, each user's rows far apart on the disk.</summary>
public sealed class QueryPlanTests(RunningNotifier notifier) : IClassFixture<RunningNotifier>
{
    // The way down an index of that size is 3 or 4 pages; a page of rows may begin on another leaf.
    private const int WayDown = 8;

    // Indexes that are made at the end are made much faster.
    private const string Seed = """
        DO $seed$
        DECLARE
            indexes text := (SELECT string_agg(indexdef, ';') FROM pg_indexes WHERE tablename IN ('events', 'notifications') AND indexname LIKE 'ix%');
        BEGIN
            EXECUTE (SELECT string_agg('DROP INDEX ' || indexname, ';') FROM pg_indexes WHERE tablename IN ('events', 'notifications') AND indexname LIKE 'ix%');
            INSERT INTO recipients (user_id, version, handle, display_name, email) SELECT ('00000000-0000-8000-8000-' || lpad(u::text, 12, '0'))::uuid, 0, 'h' || u, 'Name', u || '@example.org' FROM generate_series(1, 100000) AS u;
            INSERT INTO event_counters (user_id, last_seq) SELECT user_id, 1000 FROM recipients;
            INSERT INTO events (user_id, seq, type, payload, at) SELECT user_id, s, 'photo-ready', '{"photoId": "0193"}', now() FROM generate_series(1, 5) AS s, recipients;
            INSERT INTO events (user_id, seq, type, payload, at) SELECT '00000000-0000-8000-8000-000000000001', s, 'photo-ready', '{"photoId": "0193"}', now() FROM generate_series(6, 1000) AS s;
            INSERT INTO notifications (user_id, id, type, payload, at, actor_id) SELECT user_id, s, 'followed', '{"handle": "ada", "displayName": "Ada"}', now(), gen_random_uuid() FROM generate_series(1, 5) AS s, recipients;
            INSERT INTO notifications (user_id, id, type, payload, at) SELECT '00000000-0000-8000-8000-000000000001', s, 'photo-failed', '{"photoId": "0193"}', now() FROM generate_series(6, 1000) AS s;
            INSERT INTO mails (id, template, attempts, created_at, next_attempt_at, done_at, failed, user_id)
                SELECT gen_random_uuid(), 'welcome', 1, now(), now() - s * interval '1 second', CASE WHEN s > 1000 THEN now() END, false, gen_random_uuid() FROM generate_series(1, 50000) AS s;
            EXECUTE indexes;
        END $seed$;
        ANALYZE;
        """;

    [Fact]
    public async Task Every_hot_query_goes_by_its_index_and_touches_few_pages()
    {
        await using (var connection = new NpgsqlConnection($"{notifier.Environment.Database("notifier")};Pooling=false;Command Timeout=120"))
        {
            await connection.OpenAsync();
            await using var seed = new NpgsqlCommand(Seed, connection);
            await seed.ExecuteNonQueryAsync();
        }
        var (many, few) = (User(1), User(77_777));
        await using var scope = notifier.Service.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<NotifierDb>();

        await AssertCheapAsync(StreamEvents.After(db, many, 200), rows: 100);
        await AssertCheapAsync(StreamEvents.After(db, few, 0), rows: 5);
        await AssertCheapAsync(ListNotifications.Page(db, many, long.MaxValue, 30, unreadOnly: false), rows: 31);
        await AssertCheapAsync(ListNotifications.Page(db, many, 500, 100, unreadOnly: true), rows: 101);
        await AssertCheapAsync(ListNotifications.Page(db, few, long.MaxValue, 30, unreadOnly: false), rows: 5);
        await AssertCheapAsync(ListNotifications.Unread(db, many), rows: 100);
        await AssertCheapAsync(ListNotifications.Unread(db, few), rows: 5);
        await AssertCheapAsync(EventStreams.Counters(db, [.. Enumerable.Range(1, 500).Select(i => User(i * 199))]), rows: 500);
        // The changed row has a new entry in each of the table's indexes, each with its way down.
        await AssertCheapAsync(MailSender.Claim(db, TimeProvider.System.GetUtcNow()), rows: 1, indexes: 6);
    }

    private static Guid User(int number) => Guid.Parse($"00000000-0000-8000-8000-{number.ToString("D12", CultureInfo.InvariantCulture)}");

    private async Task AssertCheapAsync(IQueryable query, long rows, int indexes = 1)
    {
        await using var command = (NpgsqlCommand)query.CreateDbCommand();
        var plan = await QueryPlan.OfAsync(notifier.Environment.Database("notifier"), command.CommandText, [.. command.Parameters.Select(parameter => parameter.Clone())]);
        Assert.Equal((rows, ""), (plan.Rows, string.Join(", ", plan.SequentialScans)));
        Assert.True(plan.Buffers <= 5 * rows + indexes * WayDown, $"{plan.Buffers} pages for {rows} rows: {plan.Text}");
    }
}

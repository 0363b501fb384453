using Microsoft.Extensions.Logging;
using PhotoPlatform.Contracts;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Notifier.Tests;

public sealed class RetentionTests(RunningNotifier notifier) : IClassFixture<RunningNotifier>
{
    [Fact]
    public async Task What_was_kept_long_enough_is_removed_also_when_the_database_was_away_meanwhile()
    {
        var database = new Npgsql.NpgsqlConnectionStringBuilder(notifier.Environment.Database("notifier"));
        await using var relay = new TcpRelay(database.Host!, database.Port);
        (database.Host, database.Port) = ("127.0.0.1", relay.Port);
        await using var service = await notifier.StartAsync(new() { ["ConnectionStrings:notifier"] = database.ConnectionString });
        var user = RunningNotifier.NewUser();
        using (var stream = await EventStream.OpenAsync(notifier.Service, user))
        {
            await notifier.Bus.PublishAsync(new PhotoReady(Guid.NewGuid(), user, 1, null, TimeProvider.System.GetUtcNow()));
            await stream.NextAsync();
        }
        await notifier.Environment.QueryAsync<int>("notifier", """
            INSERT INTO notifications (user_id, id, type, payload, at) SELECT gen_random_uuid(), age, 'photo-failed', '{}', now() - age * interval '1 day' FROM unnest(ARRAY[91, 88]) AS age;
            INSERT INTO revoked_sessions (user_id, session_id, at) VALUES (gen_random_uuid(), gen_random_uuid(), now());
            INSERT INTO mails (id, template, attempts, created_at, next_attempt_at, done_at, failed)
                SELECT gen_random_uuid(), 'age ' || age, 1, now(), now(), now() - age * interval '1 day', age = 8 FROM unnest(ARRAY[8, 9, 5]) AS age;
            """);
        // Only the replica behind the relay is left to remove anything.
        await notifier.Service.DisposeAsync();

        await relay.CutAsync();
        notifier.Clock.Advance(TimeSpan.FromHours(25));
        await Eventually.GetAsync(() => Task.FromResult(service.Logs.All), lines => lines.Any(line => line.Level == LogLevel.Warning && line.Message.Contains("Old rows", StringComparison.Ordinal)));
        relay.Restore();
        notifier.Clock.Advance(TimeSpan.FromMinutes(10));
        await Eventually.GetAsync(() => notifier.Environment.QueryAsync<long>("notifier", "SELECT count(*) FROM events"), count => count[0] == 0);
        await Eventually.GetAsync(() => notifier.Environment.QueryAsync<string>("notifier", "SELECT template FROM mails"), left => left is ["age 5"]);
        Assert.Equal([88L], await notifier.Environment.QueryAsync<long>("notifier", "SELECT id FROM notifications"));
        Assert.Empty(await notifier.Environment.QueryAsync<Guid>("notifier", "SELECT session_id FROM revoked_sessions"));

        // The numbers go on.
        Assert.Equal([1L], await notifier.Environment.QueryAsync<long>("notifier", "SELECT last_seq FROM event_counters WHERE user_id = $1", user));
    }
}

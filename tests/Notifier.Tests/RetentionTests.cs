using Microsoft.Extensions.Logging;
using PhotoPlatform.Contracts;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Notifier.Tests;

public sealed class RetentionTests(RunningNotifier notifier) : IClassFixture<RunningNotifier>
{
    [Fact]
    public async Task Events_are_removed_after_a_day_also_when_the_database_was_away_meanwhile()
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
        // Only the replica behind the relay is left to remove anything.
        await notifier.Service.DisposeAsync();

        await relay.CutAsync();
        notifier.Clock.Advance(TimeSpan.FromHours(25));
        await Eventually.GetAsync(() => Task.FromResult(service.Logs.All), lines => lines.Any(line => line.Level == LogLevel.Warning && line.Message.Contains("Old events", StringComparison.Ordinal)));
        relay.Restore();
        notifier.Clock.Advance(TimeSpan.FromHours(1));
        await Eventually.GetAsync(() => notifier.Environment.QueryAsync<long>("notifier", "SELECT count(*) FROM events"), count => count[0] == 0);

        // The numbers go on.
        Assert.Equal([1L], await notifier.Environment.QueryAsync<long>("notifier", "SELECT last_seq FROM event_counters WHERE user_id = $1", user));
    }
}

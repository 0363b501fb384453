using PhotoPlatform.Contracts;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Notifier.Tests;

public sealed class RedisAwayTests(RunningNotifier notifier) : IClassFixture<RunningNotifier>
{
    [Fact]
    public async Task Without_redis_a_stream_asks_by_itself()
    {
        await using var alone = await notifier.StartAsync(new() { ["ConnectionStrings:redis"] = "127.0.0.1:1,connectRetry=1" });
        var user = RunningNotifier.NewUser();
        using var stream = await EventStream.OpenAsync(alone, user);
        await notifier.AppendAsync(user, 1);
        Assert.Equal(1, (await stream.NextAsync()).Id);
    }

    [Fact]
    public async Task When_redis_goes_away_both_replicas_still_get_every_event_and_every_end_of_a_session()
    {
        var address = notifier.Environment.Redis.Split(',')[0].Split(':');
        await using var relay = new TcpRelay(address[0], int.Parse(address[1], System.Globalization.CultureInfo.InvariantCulture));
        var settings = new Dictionary<string, string?> { ["ConnectionStrings:redis"] = notifier.Environment.Redis.Replace($"{address[0]}:{address[1]}", $"127.0.0.1:{relay.Port}", StringComparison.Ordinal) };
        await using var one = await notifier.StartAsync(settings);
        await using var two = await notifier.StartAsync(settings);
        var (user, session) = (RunningNotifier.NewUser(), Guid.NewGuid());
        using var first = await EventStream.OpenAsync(one, user, session: session);
        using var second = await EventStream.OpenAsync(two, user, session: session);
        await PublishAsync(new PhotoReady(Guid.NewGuid(), user, 1, null, TimeProvider.System.GetUtcNow()), 1);

        await relay.CutAsync();
        await PublishAsync(new PhotoReady(Guid.NewGuid(), user, 1, null, TimeProvider.System.GetUtcNow()), 2);
        await notifier.Bus.PublishAsync(new SessionRevoked(user, session, TimeProvider.System.GetUtcNow()));
        foreach (var stream in new[] { first, second })
        {
            Assert.Equal(["event: session-ended", "data: {}"], await stream.BlockAsync());
            Assert.Null(await stream.BlockAsync());
        }

        async Task PublishAsync(PhotoReady ready, long id)
        {
            await notifier.Bus.PublishAsync(ready);
            Assert.Equal((id, id), ((await first.NextAsync()).Id, (await second.NextAsync()).Id));
        }
    }
}

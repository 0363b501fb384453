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
}

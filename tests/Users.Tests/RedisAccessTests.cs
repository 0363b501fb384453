using System.Diagnostics;
using Microsoft.Extensions.Logging;
using PhotoPlatform.ServiceDefaults.Caching;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Users.Tests;

public sealed class RedisAccessTests
{
    [Fact]
    public async Task A_redis_that_hangs_costs_little_is_left_alone_for_a_while_and_found_again()
    {
        var servers = await TestServers.GetAsync();
        var options = servers.Redis.Split(',');
        var address = options[0].Split(':');
        await using var relay = new TcpRelay(address[0], int.Parse(address[1], System.Globalization.CultureInfo.InvariantCulture));
        using var logs = new LogRecords();
        using var factory = LoggerFactory.Create(logging => logging.AddProvider(logs));
        using var redis = new RedisAccess(string.Join(',', [$"127.0.0.1:{relay.Port}", .. options[1..]]), factory.CreateLogger<RedisAccess>(), TimeProvider.System);
        await AnswersAsync();

        relay.Hold();
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < 200; i++)
            Assert.Equal(-1, await redis.TryAsync(db => db.StringLengthAsync("nothing"), -1, default));
        // Each call alone would wait 250 ms.
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(25), $"{watch.Elapsed}");
        Assert.Contains(logs.All, line => line.Level == LogLevel.Warning && line.Message.StartsWith("Redis is away", StringComparison.Ordinal));

        relay.Release();
        await AnswersAsync();
        Assert.Contains(logs.All, line => line.Message == "Redis is back");

        async Task AnswersAsync() => await Eventually.GetAsync(async () => await redis.TryAsync(db => db.StringLengthAsync("nothing"), -1, default), length => length == 0);
    }
}

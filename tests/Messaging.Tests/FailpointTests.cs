using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests;

/// <summary>A process kills itself with SIGKILL at the worst moments, and is started again.</summary>
[Collection(LedgerSystem.Name)]
public sealed class FailpointTests(LedgerSystem system, ITestOutputHelper output)
{
    private static readonly (string Point, string Node)[] Failpoints =
    [
        ("before-commit", "publish"),
        ("after-commit", "publish"),
        ("after-publish-before-delete", "relay"),
        ("after-effect-before-ack", "consume"),
    ];

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    [Fact]
    public Task A_kill_at_each_failpoint_loses_nothing_and_doubles_nothing() => KillAsync(1);

    [Fact, Trait("Tier", "long")]
    public Task Twenty_kills_at_each_failpoint_lose_nothing_and_double_nothing() => KillAsync(20);

    private async Task KillAsync(int rounds)
    {
        await using var run = await LedgerRun.StartAsync(system, output);
        for (var round = 0; round < rounds; round++)
        {
            foreach (var (point, node) in Failpoints)
            {
                var armed = Path.Combine(system.Failpoints, point);
                Directory.CreateDirectory(armed);
                await Eventually.GetAsync(() => Task.FromResult(Directory.Exists(armed)), waits => !waits, Limit);
                run.Happens(point);
                Assert.StartsWith(node, await system.StartEndedNodeAsync(), StringComparison.Ordinal);
                await run.RecoveredAsync();
            }
        }
        var report = await run.AssertLedgerAsync();

        // Nobody was told of what was committed right before the kill.
        Assert.True(report.Recovered >= rounds, report.ToString());
    }
}

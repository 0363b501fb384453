namespace PhotoPlatform.Messaging.Tests;

/// <summary>While attempts come in, one process after the other is killed with SIGKILL and started again.</summary>
[Collection(LedgerSystem.Name)]
public sealed class LedgerTests(LedgerSystem system, ITestOutputHelper output)
{
    private const int Seed = 1;

    [Fact]
    public Task Ten_kills_lose_nothing_and_double_nothing() => KillAsync(10);

    [Fact, Trait("Tier", "long")]
    public Task Two_hundred_kills_lose_nothing_and_double_nothing() => KillAsync(200);

    private async Task KillAsync(int kills)
    {
        await using var run = await LedgerRun.StartAsync(system, output);
        foreach (var fault in Fault.Schedule(Seed, kills))
        {
            if (!fault.InTrouble)
                await run.RecoveredAsync();
            await run.ContinueAsync(fault.Acknowledged);
            var happening = fault.HappenAsync(system);
            run.Happens(fault.Victim.ToString());
            await happening;
        }
        await run.AssertLedgerAsync();
    }
}

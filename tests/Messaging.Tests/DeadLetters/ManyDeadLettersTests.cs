using System.Diagnostics;
using System.Text.Json;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests.DeadLetters;

/// <summary>A bad night's worth of dead letters.</summary>
public sealed class ManyDeadLettersTests(ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly TimeSpan ConsumeLimit = TimeSpan.FromMinutes(5);
    private TestEnvironment _environment = null!;
    private RunningService _service = null!;

    public async ValueTask InitializeAsync()
    {
        _environment = await TestEnvironment.CreateAsync(Orders.Name);
        _service = await Orders.StartAsync(_environment, new Work());
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        await _environment.DisposeAsync();
    }

    [Fact]
    public async Task Ten_thousand_letters_are_listed_and_a_replay_that_is_killed_and_run_again_loses_and_doubles_none()
    {
        var orders = await _service.BuryAsync(10_000);
        var start = Stopwatch.GetTimestamp();
        var listed = await DeskProgram.RunAsync(_environment, "list", "--json");
        output.WriteLine($"Listed in {Stopwatch.GetElapsedTime(start).TotalMilliseconds:0} ms, with the start of the program.");
        Assert.Equal(10_000, listed.Json.GetProperty("letters").GetInt32());
        Assert.Empty(listed.Json.GetProperty("incomplete").EnumerateArray());

        await using (var killed = DeskProgram.Start(_environment, "replay", "--yes", "--rate", "1000"))
            await killed.KillUnderwayAsync();
        var left = await Eventually.GetAsync(CountAsync, count => count > 0);
        Assert.InRange(left, 1, 9_999);
        await Eventually.GetAsync(async () =>
        {
            Assert.Equal(0, (await DeskProgram.RunAsync(_environment, "replay", "--yes", "--rate", "5000")).ExitCode);
            return await CountAsync();
        }, count => count == 0);

        await Eventually.GetAsync(() => _environment.QueryAsync<int>(Orders.Name, "SELECT count(DISTINCT order_id)::int FROM effects"), count => count is [10_000], ConsumeLimit);
        await Eventually.GetAsync(() => _environment.PeekAsync(Orders.Queue), messages => messages.Count == 0, ConsumeLimit);
        Assert.Equal(orders.Order(), (await _environment.QueryAsync<Guid>(Orders.Name, "SELECT order_id FROM effects")).Order());
    }

    [Fact]
    public async Task A_discard_that_is_killed_has_archived_every_letter_that_is_gone()
    {
        await _service.BuryAsync(5_000);
        var archive = Path.Combine(_environment.Folder, "letters.jsonl");
        await using (var killed = DeskProgram.Start(_environment, "discard", "--yes", "--archive", archive))
            await killed.KillUnderwayAsync();
        // One that was at work has let go of its letters when all of them are somewhere.
        await Eventually.GetAsync(async () => (await DeskProgram.RunAsync(_environment, "list", "--each", "--json")).Ids.Union(Archived()).Count(), count => count == 5_000);
        await Eventually.GetAsync(async () =>
        {
            Assert.Equal(0, (await DeskProgram.RunAsync(_environment, "discard", "--yes", "--archive", archive)).ExitCode);
            return await CountAsync();
        }, count => count == 0);

        Assert.Equal(5_000, Archived().Distinct().Count());

        IEnumerable<Guid> Archived() => File.ReadLines(archive).Where(line => line.EndsWith('}')).Select(line => JsonSerializer.Deserialize<JsonElement>(line).GetProperty("properties").GetProperty("messageId").GetGuid());
    }

    private async Task<int> CountAsync() => (await DeskProgram.RunAsync(_environment, "list", "--json")).Json.GetProperty("letters").GetInt32();
}

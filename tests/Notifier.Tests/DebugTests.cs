using System.Diagnostics;
using PhotoPlatform.Contracts;
namespace PhotoPlatform.Notifier.Tests;
public sealed class DebugTests(RunningNotifier notifier, ITestOutputHelper output) : IClassFixture<RunningNotifier>
{
    [Fact]
    public async Task Debug()
    {
        for (var k = 0; k < 8; k++) {
        var other = await notifier.StartAsync(); 
        using (var st = await EventStream.OpenAsync(other, RunningNotifier.NewUser())) { var dd = other.DisposeAsync(); await st.BlockAsync(); await dd; }
        output.WriteLine("round " + k);
        var user = RunningNotifier.NewUser();
        using var stream = await EventStream.OpenAsync(notifier.Service, user);
        for (var i = 0; i < 8; i++)
        {
            var w = Stopwatch.StartNew();
            await notifier.Bus.PublishAsync(new PhotoReady(Guid.NewGuid(), user, 1, TimeProvider.System.GetUtcNow()));
            var p = w.ElapsedMilliseconds;
            while ((await notifier.Environment.QueryAsync<long>("notifier", "SELECT count(*) FROM events"))[0] < i + 1 + k * 8) { }
            var d = w.ElapsedMilliseconds;
            await stream.NextAsync();
            output.WriteLine($"{p} {d} {w.ElapsedMilliseconds}");
        }
        }
    }
}

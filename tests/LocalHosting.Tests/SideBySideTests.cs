namespace PhotoPlatform.LocalHosting.Tests;

/// <summary>Two AppHosts on one machine, with real servers.</summary>
public sealed class SideBySideTests
{
    [Fact]
    public async Task Two_copies_run_side_by_side_and_leave_no_process()
    {
        using var data1 = new TemporaryDirectory();
        using var data2 = new TemporaryDirectory();
        await using var copy1 = SampleAppHost.Start(data1.Path, "servers");
        await using var copy2 = SampleAppHost.Start(data2.Path, "servers");
        await copy1.LineAsync("is ready");
        await copy2.LineAsync("is ready");
        Assert.Equal("1", await Database.QueryAsync(copy1, "SELECT count(*) FROM pg_database WHERE datname = 'orders'"));
        Assert.Equal("1", await Database.QueryAsync(copy2, "SELECT count(*) FROM pg_database WHERE datname = 'orders'"));

        var exitCodes = await Task.WhenAll(copy1.StopAsync(), copy2.StopAsync());
        Assert.Equal([0, 0], exitCodes);

        // Erlang's port mapper, which leaves its session, is among those that would be found.
        Assert.Empty(copy1.LivingChildren());
        Assert.Empty(copy2.LivingChildren());
    }
}

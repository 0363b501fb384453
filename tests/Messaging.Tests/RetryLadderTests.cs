using PhotoPlatform.Messaging.Retry;

namespace PhotoPlatform.Messaging.Tests;

public sealed class RetryLadderTests
{
    private static readonly Exception Passing = new TimeoutException("The database is away.");

    [Theory]
    [InlineData(0, "q.retry-10s", 3)]
    [InlineData(1, "q.retry-1m", 6)]
    [InlineData(2, "q.retry-10m", 9)]
    [InlineData(3, "q.retry-1h", 12)]
    public void A_failure_goes_one_rung_further(int rungs, string queue, int tries) =>
        Assert.Equal(new RetryLadder.Destination(queue, null, rungs + 1, tries), RetryLadder.Next("q", rungs, Passing));

    [Theory]
    [InlineData(4)]
    [InlineData(99)]
    public void After_the_last_rung_come_the_dead_letters(int rungs) =>
        Assert.Equal(new RetryLadder.Destination("q.dead", "retries-exhausted", rungs, (rungs * 3) + 3), RetryLadder.Next("q", rungs, Passing));

    [Theory]
    [InlineData(0, 1)]
    [InlineData(2, 7)]
    public void A_permanent_failure_skips_the_ladder(int rungs, int tries) =>
        Assert.Equal(new RetryLadder.Destination("q.dead", "gone", rungs, tries), RetryLadder.Next("q", rungs, new PermanentException("gone", "It is gone.", Passing)));

    [Fact]
    public void A_permanent_failure_is_found_among_the_causes()
    {
        var permanent = new PermanentException("gone", "It is gone.", Passing);
        Assert.Same(permanent, RetryLadder.Permanent(new InvalidOperationException("Around it.", new AggregateException(permanent))));
        Assert.Null(RetryLadder.Permanent(new InvalidOperationException("Around it.", Passing)));
        Assert.Null(RetryLadder.Permanent(null));
    }
}

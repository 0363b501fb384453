using PhotoPlatform.Messaging.Retry;

namespace PhotoPlatform.Messaging.Tests;

public sealed class RetryLadderTests
{
    private static readonly Exception Passing = new TimeoutException("The database is away.");

    [Theory]
    [InlineData(0, "q.retry-10s")]
    [InlineData(1, "q.retry-1m")]
    [InlineData(2, "q.retry-10m")]
    [InlineData(3, "q.retry-1h")]
    public void A_failure_goes_one_rung_further(int rungs, string queue) =>
        Assert.Equal(new RetryLadder.Destination(queue, null, rungs + 1), RetryLadder.Next("q", RetryPolicy.Default, rungs, Passing));

    [Theory]
    [InlineData(4)]
    [InlineData(99)]
    public void After_the_last_rung_come_the_dead_letters(int rungs) =>
        Assert.Equal(new RetryLadder.Destination("q.dead", "retries-exhausted", rungs), RetryLadder.Next("q", RetryPolicy.Default, rungs, Passing));

    [Fact]
    public void Without_rungs_the_dead_letters_come_at_once() =>
        Assert.Equal(new RetryLadder.Destination("q.dead", "retries-exhausted", 0), RetryLadder.Next("q", new RetryPolicy(3), 0, Passing));

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void A_permanent_failure_skips_the_ladder(int rungs) =>
        Assert.Equal(new RetryLadder.Destination("q.dead", "gone", rungs), RetryLadder.Next("q", RetryPolicy.Default, rungs, new PermanentException("gone", "It is gone.", Passing)));
}

using PhotoPlatform.Messaging.Retry;

namespace PhotoPlatform.Messaging.Tests;

public sealed class RetryPolicyTests
{
    [Fact]
    public void The_default_takes_fifteen_tries_in_71_minutes()
    {
        Assert.Equal(15, RetryPolicy.Default.MaxTries);
        Assert.Equal(["10s", "1m", "10m", "1h"], RetryPolicy.Default.Rungs.Select(RetryPolicy.NameOf));
    }

    [Theory]
    [InlineData(1, "1ms")]
    [InlineData(1_000, "1s")]
    [InlineData(1_500, "1500ms")]
    [InlineData(60_000, "1m")]
    [InlineData(90_000, "90s")]
    [InlineData(5_400_000, "90m")]
    [InlineData(86_400_000, "24h")]
    public void A_rung_is_named_by_its_delay(int milliseconds, string name) =>
        Assert.Equal($"q.retry-{name}", RetryPolicy.RungQueue("q", TimeSpan.FromMilliseconds(milliseconds)));

    [Theory]
    [InlineData(0)]
    [InlineData(11)]
    public void Too_few_or_too_many_immediate_tries_are_refused(int tries) =>
        Assert.Contains("1 to 10 immediate tries", Assert.Throws<ArgumentOutOfRangeException>(() => new RetryPolicy(tries)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(0)]
    [InlineData(-10_000_000)]
    [InlineData(15_000)]
    public void A_delay_that_is_no_whole_number_of_milliseconds_is_refused(long ticks) =>
        Assert.Contains("whole number of milliseconds", Assert.Throws<ArgumentOutOfRangeException>(() => new RetryPolicy(3, TimeSpan.FromTicks(ticks))).Message, StringComparison.Ordinal);

    [Fact]
    public void A_ladder_longer_than_the_inbox_remembers_is_refused()
    {
        Assert.Contains("6.5 days; at most 6", Assert.Throws<ArgumentOutOfRangeException>(() => new RetryPolicy(3, TimeSpan.FromDays(5), TimeSpan.FromHours(36))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new RetryPolicy(3, TimeSpan.MaxValue.Subtract(TimeSpan.FromTicks(TimeSpan.MaxValue.Ticks % TimeSpan.TicksPerMillisecond)), TimeSpan.FromDays(1)));
    }

    [Fact]
    public void A_permanent_failure_is_found_among_the_causes()
    {
        var permanent = new PermanentException("gone", "It is gone.", new TimeoutException());
        Assert.Equal(("gone", permanent), RetryPolicy.Default.PermanentIn(new InvalidOperationException("Around it.", new AggregateException(permanent))));
        Assert.Null(RetryPolicy.Default.PermanentIn(null));
    }

    [Fact]
    public void No_exception_of_the_runtime_is_permanent_unless_the_policy_says_so()
    {
        var exception = new InvalidOperationException("Around it.", new ArgumentNullException("photo"));
        var policy = new RetryPolicy(3) { Permanent = [typeof(ArgumentException)] };

        Assert.Null(RetryPolicy.Default.PermanentIn(exception));
        Assert.Null(RetryPolicy.Default.PermanentIn(new FormatException()));
        Assert.Equal(("argument-null-exception", exception.InnerException!), policy.PermanentIn(exception));
    }
}

using PhotoPlatform.Messaging.DeadLetters;

namespace PhotoPlatform.Messaging.Tests.DeadLetters;

public sealed class PaceTests
{
    [Theory]
    [InlineData(0.5)]
    [InlineData(50)]
    [InlineData(1000)]
    public void The_rate_is_the_asked_one(double rate)
    {
        var pace = new Pace(rate, TimeProvider.System);
        var now = TimeSpan.Zero;
        for (var i = 0; i <= 1000; i++)
            now += Positive(pace.DelayAt(now));

        Assert.InRange(1000 / now.TotalSeconds, rate * 0.999, rate * 1.001);
    }

    [Fact]
    public void Timers_that_fire_late_are_made_up_for()
    {
        var pace = new Pace(1000, TimeProvider.System);
        var now = TimeSpan.Zero;
        for (var i = 0; i <= 1000; i++)
        {
            if (pace.DelayAt(now) is var delay && delay > TimeSpan.Zero)
                now += delay + TimeSpan.FromMilliseconds(3);
        }
        Assert.InRange(now.TotalSeconds, 1, 1.1);
    }

    [Fact]
    public void After_a_long_wait_what_was_missed_does_not_come_all_at_once()
    {
        var pace = new Pace(100, TimeProvider.System);
        pace.DelayAt(TimeSpan.Zero);
        var late = TimeSpan.FromMinutes(1);

        Assert.Equal(10, Enumerable.Range(0, 1000).Count(_ => pace.DelayAt(late) < TimeSpan.Zero));
    }

    private static TimeSpan Positive(TimeSpan time) => time > TimeSpan.Zero ? time : TimeSpan.Zero;
}

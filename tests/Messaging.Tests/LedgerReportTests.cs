namespace PhotoPlatform.Messaging.Tests;

/// <summary>A checker that finds nothing proves nothing.</summary>
public sealed class LedgerReportTests
{
    [Theory]
    [InlineData(true, 1, 1, 1, "ok")]
    [InlineData(false, 1, 1, 1, "recovered")]
    [InlineData(false, 0, 0, 0, "nothing")]
    [InlineData(true, 0, 0, 0, "lost")]
    [InlineData(true, 1, 1, 0, "lost")]
    [InlineData(false, 1, 0, 0, "lost")]
    [InlineData(true, 1, 2, 1, "duplicated")]
    [InlineData(false, 2, 1, 1, "duplicated")]
    [InlineData(true, 1, 2, 0, "lost duplicated")]
    [InlineData(false, 0, 1, 1, "unexpected")]
    [InlineData(true, 0, 1, 1, "lost unexpected")]
    public void Each_attempt_has_its_verdict(bool isAcknowledged, int placed, int taken, int done, string verdict)
    {
        var report = LedgerReport.Of([7], isAcknowledged ? [7] : [], placed + taken + done == 0 ? [] : [new Steps(7, placed, taken, done)]);
        var found = new[] { ("ok", report.Ok), ("recovered", report.Recovered), ("lost", report.Lost.Count), ("duplicated", report.Duplicated.Count), ("unexpected", report.Unexpected.Count) };

        Assert.Equal(verdict, string.Join(' ', found.Where(pair => pair.Item2 == 1).Select(pair => pair.Item1).DefaultIfEmpty("nothing")));
        Assert.Equal(verdict is "ok" or "recovered" or "nothing", report.Holds);
    }

    [Fact]
    public void What_nobody_attempted_is_unexpected() => Assert.Equal([new Steps(8, 1, 1, 1)], LedgerReport.Of([7], [], [new Steps(8, 1, 1, 1)]).Unexpected);

    [Theory]
    [InlineData(10)]
    [InlineData(200)]
    public void A_schedule_has_every_kind_and_repeats_itself(int kills)
    {
        var schedule = Fault.Schedule(1, kills);

        Assert.Equal(kills, schedule.Count);
        Assert.Equal(Enum.GetValues<Victim>(), schedule.Select(fault => fault.Victim).Distinct().Order());
        Assert.Equal(schedule, Fault.Schedule(1, kills));
    }
}

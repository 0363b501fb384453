using PhotoPlatform.Messaging.Watching;

namespace PhotoPlatform.Messaging.Tests;

public sealed class QueueProgressTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public void A_queue_without_messages_or_with_messages_at_work_is_well()
    {
        Assert.Null(QueueProgress.Problem(null, new QueueReading("q", 0, 1, 0, 0), TimeSpan.Zero, TimeSpan.FromHours(5)));
        Assert.Null(QueueProgress.Problem(null, new QueueReading("q", 500, 1, 3, 2), TimeSpan.Zero, Minute));
    }

    [Fact]
    public void Nobody_at_a_queue_is_a_problem_at_the_second_look()
    {
        var nobody = new QueueReading("q", 0, 0, 0, 0);

        Assert.Null(QueueProgress.Problem(null, nobody, TimeSpan.Zero, Minute));
        Assert.True(QueueProgress.Stands(nobody, nobody));
        Assert.Equal("Nobody consumes the queue 'q'.", QueueProgress.Problem(nobody, nobody, TimeSpan.FromSeconds(5), Minute));
    }

    [Theory]
    [InlineData(29, false)]
    [InlineData(30, true)]
    public void Messages_that_wait_while_the_process_takes_none_are_a_problem_after_half_a_minute(int seconds, bool problem)
    {
        // Other processes consume: only this one has lost its consumer.
        QueueReading before = new("q", 4, 2, 17, 0), now = new("q", 9, 2, 17, 0);

        Assert.True(QueueProgress.Stands(before, now));
        Assert.Equal(problem ? $"9 message(s) wait in the queue 'q', and this process has taken none for {seconds} s." : null, QueueProgress.Problem(before, now, TimeSpan.FromSeconds(seconds), Minute));
    }

    [Theory]
    [InlineData(10, 2u, 18, 0)]
    [InlineData(0, 2u, 17, 0)]
    [InlineData(10, 2u, 17, 1)]
    [InlineData(10, 0u, 17, 0)]
    public void A_message_taken_or_at_work_an_empty_queue_and_a_lost_consumer_begin_a_new_count(uint ready, uint consumers, long taken, int atWork) =>
        Assert.False(QueueProgress.Stands(new QueueReading("q", 4, 2, 17, 0), new QueueReading("q", ready, consumers, taken, atWork)));

    [Fact]
    public void A_message_at_work_for_too_long_is_a_problem() =>
        Assert.Equal("A message of the queue 'q' has been at work for 11 min.", QueueProgress.Problem(null, new QueueReading("q", 0, 1, 5, 1), TimeSpan.Zero, TimeSpan.FromMinutes(11)));
}

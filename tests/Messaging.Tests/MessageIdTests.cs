namespace PhotoPlatform.Messaging.Tests;

public sealed class MessageIdTests
{
    private static readonly DateTimeOffset Sent = new(2026, 11, 21, 6, 18, 37, 123, TimeSpan.Zero);
    private static readonly Guid Received = Guid.CreateVersion7(Sent);

    [Fact]
    public void A_follow_up_has_the_same_id_each_time()
    {
        var received = new Guid("019ab1c2-d3e4-7f56-8a9b-0c1d2e3f4a5b");
        Assert.Equal(MessageId.FollowUp(received, "photos-interactive", 0), MessageId.FollowUp(received, "photos-interactive", 0));
        // Written down: a new release must repeat the ids of the old one.
        Assert.Equal(new Guid("019ab1c2-d3e4-8e2d-abf4-5f8224f809ff"), MessageId.FollowUp(received, "photos-interactive", 0));
    }

    [Fact]
    public void Follow_ups_differ_by_message_consumer_and_ordinal() => Assert.Equal(4, new HashSet<Guid>
    {
        MessageId.FollowUp(Received, "a", 0),
        MessageId.FollowUp(Received, "a", 1),
        MessageId.FollowUp(Received, "b", 0),
        MessageId.FollowUp(Guid.CreateVersion7(Sent), "a", 0),
    }.Count);

    [Fact]
    public void A_follow_up_is_a_version_8_id_and_keeps_the_time_of_the_first_message()
    {
        var id = Received;
        for (var generation = 0; generation < 3; generation++)
        {
            id = MessageId.FollowUp(id, "queue", generation);
            Assert.Equal(8, id.Version);
            Assert.InRange(id.Variant, 0x8, 0xB);
            Assert.Equal(Sent, MessageId.TimeOf(id));
        }
    }

    [Fact]
    public void A_new_id_carries_its_time()
    {
        var before = TimeProvider.System.GetUtcNow().AddMilliseconds(-1);
        Assert.InRange(MessageId.TimeOf(MessageId.New(TimeProvider.System)), before, TimeProvider.System.GetUtcNow());
        Assert.Equal(Sent, MessageId.TimeOf(Received));
    }

    [Fact]
    public void An_id_without_a_time_has_one_that_no_inbox_remembers()
    {
        Assert.Equal(DateTimeOffset.UnixEpoch, MessageId.TimeOf(Guid.Empty));
        Assert.Equal(9999, MessageId.TimeOf(new Guid("ffffffff-ffff-4fff-bfff-ffffffffffff")).Year);
    }
}

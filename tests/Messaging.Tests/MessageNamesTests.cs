namespace PhotoPlatform.Messaging.Tests;

public sealed class MessageNamesTests
{
    [Theory]
    [InlineData("OrderPlaced", "order-placed")]
    [InlineData("A", "a")]
    [InlineData("SmtpMail2Sent", "smtp-mail2-sent")]
    [InlineData("ETag", "e-tag")]
    [InlineData("HTTPServerURL", "http-server-url")]
    [InlineData("already-kebab", "already-kebab")]
    public void Names_on_the_broker_are_kebab_case(string name, string expected) => Assert.Equal(expected, MessageNames.KebabCase(name));

    [Theory]
    [InlineData("NextAttemptAt", "next_attempt_at")]
    [InlineData("PK_Effects", "pk_effects")]
    [InlineData("IX_photos_unfinished", "ix_photos_unfinished")]
    public void Names_in_the_database_are_snake_case(string name, string expected) => Assert.Equal(expected, MessageNames.Words(name, '_'));

    [Fact]
    public void An_event_goes_to_the_exchange_of_its_name_and_dead_letters_to_a_queue_beside_their_own()
    {
        Assert.Equal("order-placed", MessageNames.ExchangeOf(typeof(OrderPlaced)));
        Assert.Equal("shipments.dead", MessageNames.DeadLetterQueueOf("shipments"));
    }
}

using System.Text;
using System.Text.Json;
using PhotoPlatform.Messaging.DeadLetters;
using RabbitMQ.Client;

namespace PhotoPlatform.Messaging.Tests.DeadLetters;

/// <summary>What is read from a letter, written to an archive, and published again.</summary>
public sealed class DeadLetterTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    private readonly string _archive = Path.GetTempFileName();

    public void Dispose() => File.Delete(_archive);

    [Fact]
    public void A_letter_without_any_story_has_an_unknown_reason()
    {
        var letter = DeadLetter.Read("orders", 1, new BasicProperties(), 0);
        Assert.Equal(("", "unknown", null, null), (letter.Id, letter.Reason, letter.LastAt, letter.Exchange));
    }

    [Fact]
    public void What_the_broker_noted_of_the_consumers_queue_counts_and_not_what_it_noted_of_rungs()
    {
        var letter = DeadLetter.Read("orders", 1, new BasicProperties
        {
            Headers = new Dictionary<string, object?>
            {
                ["x-death"] = new List<object> { Death("orders.retry-10s", "expired", 3), Death("orders", "delivery_limit", 1_000) },
                ["failure-attempts"] = 3,
            },
        }, 0);
        Assert.Equal(("delivery-limit", DateTimeOffset.FromUnixTimeSeconds(1_000), "placed", 3L), (letter.Reason, letter.LastAt, letter.Exchange, letter.Attempts));
    }

    [Fact]
    public void A_replay_takes_off_what_failures_left_and_keeps_the_rest()
    {
        var letter = Letter(Guid.CreateVersion7(Now), new()
        {
            ["x-death"] = new List<object> { Death("orders", "delivery_limit", 1) },
            ["x-first-death-queue"] = "orders",
            ["x-delivery-count"] = 21L,
            ["failure-reason"] = "gone",
            ["failure-whatever-comes"] = "x",
            ["retry-rung"] = 4,
            ["original-exchange"] = "placed",
            ["MT-Activity-Id"] = "00-trace",
            ["x-of-another-team"] = "kept",
        });
        var message = ReplayMessage.Of(letter, Now, renewIds: false)!;

        Assert.Equal(["MT-Activity-Id", "original-exchange", "replayed", "x-of-another-team"], message.Properties.Headers!.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((letter.Id, "application/json", DeliveryModes.Persistent), (message.Properties.MessageId, message.Properties.ContentType, message.Properties.DeliveryMode));
        Assert.Equal(letter.Body.ToArray(), message.Body.ToArray());
    }

    [Theory]
    [InlineData(-7, true)]
    [InlineData(-8, false)]
    public void A_letter_is_replayed_as_long_as_an_inbox_remembers_its_day(int days, bool isReplayed) =>
        Assert.Equal(isReplayed, ReplayMessage.Of(Letter(Guid.CreateVersion7(Now.AddDays(days)), []), Now, renewIds: false) is not null);

    [Fact]
    public void A_renewed_id_is_of_today_in_the_envelope_too_and_the_same_when_it_is_renewed_again()
    {
        var letter = Letter(Guid.CreateVersion7(Now.AddDays(-30)), []);
        var (first, second) = (ReplayMessage.Of(letter, Now, renewIds: true)!, ReplayMessage.Of(letter, Now.AddHours(1), renewIds: true)!);
        var id = Guid.Parse(first.Properties.MessageId!);

        Assert.True(first.IsRenewed);
        Assert.NotEqual(letter.Id, first.Properties.MessageId);
        Assert.Equal(first.Properties.MessageId, second.Properties.MessageId);
        Assert.Equal(Now.Date, MessageId.TimeOf(id).UtcDateTime.Date);
        var body = JsonSerializer.Deserialize<JsonElement>(first.Body.Span);
        Assert.Equal(id, body.GetProperty("messageId").GetGuid());
        Assert.Equal("Grüße", body.GetProperty("message").GetString());
    }

    [Fact]
    public void What_is_no_envelope_is_given_back_as_it_is()
    {
        var letter = Letter(Guid.CreateVersion7(Now), []) with { Body = "no JSON"u8.ToArray() };
        Assert.Equal("no JSON", Encoding.UTF8.GetString(ReplayMessage.Of(letter, Now, renewIds: true)!.Body.Span));
    }

    [Fact]
    public void An_archive_gives_back_what_was_written_to_it()
    {
        var letter = Letter(Guid.CreateVersion7(Now), new()
        {
            ["failure-reason"] = "gone"u8.ToArray(),
            ["failure-attempts"] = 7,
            ["bytes"] = new byte[] { 0xFF, 0xFE },
            ["x-death"] = new List<object> { Death("orders", "delivery_limit", 1_000) },
        });
        using (var archive = LetterArchive.Append(_archive))
            archive.Write([letter, letter], Now);

        var back = LetterArchive.Read(_archive, _ => Assert.Fail("A line is unreadable.")).ToArray();
        Assert.Equal(2, back.Length);
        Assert.Equal(letter.Body.ToArray(), back[0].Body.ToArray());
        Assert.Equal(("gone", 7L, letter.Id), (back[0].Reason, back[0].Attempts, back[0].Id));
        Assert.Equal(new byte[] { 0xFF, 0xFE }, back[0].Properties.Headers!["bytes"]);
        Assert.Contains("reason: delivery_limit", back[0].HeadersAsText()["x-death"], StringComparison.Ordinal);
    }

    [Fact]
    public void Half_a_line_that_a_killed_run_left_spoils_no_other()
    {
        var letter = Letter(Guid.CreateVersion7(Now), []);
        using (var archive = LetterArchive.Append(_archive))
            archive.Write([letter], Now);
        File.AppendAllText(_archive, """{"archivedAt":"2026-""");
        using (var archive = LetterArchive.Append(_archive))
            archive.Write([letter], Now);

        var unreadable = new List<int>();
        Assert.Equal(2, LetterArchive.Read(_archive, unreadable.Add).Count());
        Assert.Equal([2], unreadable);
    }

    [Fact]
    public void An_archive_that_another_desk_writes_is_refused()
    {
        using var archive = LetterArchive.Append(_archive);
        Assert.Contains("cannot be written", Assert.Throws<DeskException>(() => LetterArchive.Append(_archive)).Message, StringComparison.Ordinal);
    }

    private static DeadLetter Letter(Guid id, Dictionary<string, object?> headers)
    {
        var body = Encoding.UTF8.GetBytes($$"""{ "messageId": "{{id}}", "message": "Grüße" }""");
        return DeadLetter.Read("orders", 1, new BasicProperties { MessageId = id.ToString(), ContentType = "application/json", Headers = headers }, body.Length) with { Body = body };
    }

    private static Dictionary<string, object?> Death(string queue, string reason, long time) => new()
    {
        ["queue"] = Encoding.UTF8.GetBytes(queue),
        ["reason"] = Encoding.UTF8.GetBytes(reason),
        ["exchange"] = "placed"u8.ToArray(),
        ["time"] = new AmqpTimestamp(time),
    };
}

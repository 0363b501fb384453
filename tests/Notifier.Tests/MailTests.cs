using Microsoft.Extensions.Logging;
using PhotoPlatform.Contracts;
using PhotoPlatform.Notifier.Mails;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Notifier.Tests;

public sealed class MailTests(RunningNotifier notifier) : IClassFixture<RunningNotifier>
{
    private static readonly TimeSpan Later = TimeSpan.FromMinutes(31);

    [Fact]
    public async Task A_new_user_is_welcomed()
    {
        var (id, email) = await RegisterAsync("Zoë 🦊 Ångström");
        var mail = await notifier.Mail.NextAsync();

        Assert.Equal([email], mail.Recipients);
        Assert.Equal([email], mail.Headers["to"]);
        Assert.Equal(["PhotoPlatform <no-reply@photoplatform.example>"], mail.Headers["from"].Select(from => from.Replace("\"", "", StringComparison.Ordinal)));
        Assert.Equal(["Welcome to PhotoPlatform"], mail.Headers["subject"]);
        Assert.Equal([$"<{id:D}@localhost>"], mail.Headers["message-id"]);
        Assert.Equal(["auto-generated"], mail.Headers["auto-submitted"]);
        Assert.Contains("Hello Zoë 🦊 Ångström,", mail.Body, StringComparison.Ordinal);
        Assert.Contains("http://localhost:8080", mail.Body, StringComparison.Ordinal);
        Assert.Contains("@ada", mail.Body, StringComparison.Ordinal);
        await SettledAsync(id, sent: true, attempts: 1);
    }

    [Fact]
    public async Task The_owner_of_a_taken_address_is_told()
    {
        var email = NewAddress();
        await notifier.Bus.PublishAsync(Requested(email, "Ada"));
        var mail = await notifier.Mail.NextAsync();
        Assert.Equal([email], mail.Recipients);
        Assert.Equal(["You already have an account"], mail.Headers["subject"]);
        Assert.Contains("Hello Ada,", mail.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_delivered_often_and_at_once_is_one_mail()
    {
        var (id, email) = (Guid.CreateVersion7(), NewAddress());
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => notifier.Bus.PublishAsync(Registered(email, "Ada"), id)));
        Assert.Equal([email], (await notifier.Mail.NextAsync()).Recipients);

        await AssertQuietAsync();
        Assert.Equal([1L], await notifier.Environment.QueryAsync<long>("notifier", "SELECT count(*) FROM mails WHERE \"to\" = $1", email));
        Assert.Empty(await notifier.Environment.PeekAsync("notifier-user-registered.dead"));
    }

    [Theory]
    [InlineData(MailAnswer.NotNow)]
    [InlineData(MailAnswer.Reset)]
    [InlineData(MailAnswer.Silence)]
    public async Task What_may_pass_is_tried_again_with_the_same_message_id(MailAnswer answer)
    {
        var (id, email) = (Guid.CreateVersion7(), NewAddress());
        notifier.Mail.Answer(email, answer, answer);
        await notifier.Bus.PublishAsync(Registered(email, "Ada"), id);
        for (var attempt = 1; attempt <= 2; attempt++)
        {
            Assert.Equal((email, answer), (await notifier.Mail.NextAsync()) is var failed ? (failed.Recipients[0], failed.Answer) : default);
            // The server's silence lasts longer than the sender's patience, the pause less than half an hour.
            if (answer == MailAnswer.Silence)
                notifier.Pass(TimeSpan.FromSeconds(20));
            await SettledAsync(id, sent: false, attempt);
            notifier.Pass(Later);
        }
        var mail = await notifier.Mail.NextAsync();
        Assert.Equal(email, mail.Recipients[0]);
        Assert.Equal([$"<{id:D}@localhost>"], mail.Headers["message-id"]);
        await SettledAsync(id, sent: true, attempts: 3);
    }

    [Theory]
    [InlineData(MailAnswer.Never)]
    [InlineData(MailAnswer.NeverAfterData)]
    public async Task What_the_server_refuses_for_good_is_given_up(MailAnswer answer)
    {
        var (id, email) = (Guid.CreateVersion7(), NewAddress());
        notifier.Mail.Answer(email, answer);
        await notifier.Bus.PublishAsync(Registered(email, "Ada"), id);
        Assert.Equal(email, (await notifier.Mail.NextAsync()).Recipients[0]);
        await GivenUpAsync(id);
        notifier.Pass(TimeSpan.FromDays(1));
        await AssertQuietAsync();
    }

    [Theory]
    [InlineData("")]
    [InlineData("no address")]
    [InlineData("a@example.org, b@example.org")]
    [InlineData("a@example.org\r\nBcc: b@example.org")]
    [InlineData("a@example.org>\r\nRCPT TO:<b@example.org")]
    public async Task An_address_that_is_none_is_given_up_and_holds_nobody_up(string address)
    {
        var id = Guid.CreateVersion7();
        await notifier.Bus.PublishAsync(Requested(address, "Ada"), id);
        await GivenUpAsync(id);
        await AssertQuietAsync();
    }

    [Theory]
    [InlineData("Ada\r\nBcc: b@example.org")]
    [InlineData("Ada\r\n\r\n.\r\nMAIL FROM:<x@example.org>")]
    [InlineData("=?utf-8?B?QmNj?=")]
    [InlineData("\u202Eada\0")]
    public async Task A_name_cannot_add_headers_or_commands(string name)
    {
        if (name.Contains('\0', StringComparison.Ordinal))
            name = name.Replace("\0", "", StringComparison.Ordinal);
        var email = NewAddress();
        await notifier.Bus.PublishAsync(Requested(email, name));
        var mail = await notifier.Mail.NextAsync();
        Assert.Equal([email], mail.Recipients);
        Assert.Equal(["auto-submitted", "content-transfer-encoding", "content-type", "date", "from", "message-id", "mime-version", "subject", "to"], mail.Headers.Select(header => header.Key).Order());
        Assert.Contains($"Hello {name},", mail.Body, StringComparison.Ordinal);
        await AssertQuietAsync();
    }

    [Theory]
    [InlineData("no-such-template", "displayName")]
    [InlineData(MailTemplates.AlreadyRegistered, "other")]
    public async Task A_template_that_does_not_exist_or_lacks_a_value_is_a_dead_letter(string template, string key)
    {
        var (id, email) = (Guid.CreateVersion7(), NewAddress());
        await notifier.Bus.PublishAsync(new MailRequested(Guid.NewGuid(), template, email, new Dictionary<string, string> { [key] = "x" }), id);
        var dead = await Eventually.GetAsync(() => notifier.Environment.PeekAsync("notifier-mail-requested.dead"), messages => messages.Any(message => message.Payload.Contains(email, StringComparison.Ordinal)));
        Assert.Equal("unknown-template", dead.Single(message => message.Payload.Contains(email, StringComparison.Ordinal)).Properties.Header("failure-reason"));
        Assert.Empty(await notifier.Environment.QueryAsync<Guid>("notifier", "SELECT id FROM mails WHERE id = $1", id));
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 4)]
    [InlineData(5, 32)]
    [InlineData(11, 1800)]
    [InlineData(1000, 1800)]
    public void Pauses_double_up_to_half_an_hour(int attempts, int seconds) => Assert.Equal(TimeSpan.FromSeconds(seconds), MailFailure.PauseAfter(attempts));

    [Fact]
    public async Task After_twelve_tries_a_mail_is_given_up()
    {
        var (id, email) = (Guid.CreateVersion7(), NewAddress());
        notifier.Mail.Answer(email, [.. Enumerable.Repeat(MailAnswer.NotNow, 100)]);
        await notifier.Bus.PublishAsync(Registered(email, "Ada"), id);
        for (var attempt = 1; attempt < 12; attempt++)
        {
            Assert.Equal(MailAnswer.NotNow, (await notifier.Mail.NextAsync()).Answer);
            await SettledAsync(id, sent: false, attempt);
            notifier.Pass(Later);
        }
        Assert.Equal(MailAnswer.NotNow, (await notifier.Mail.NextAsync()).Answer);
        await GivenUpAsync(id);
        Assert.Contains(notifier.Service.Logs.All, line => line.Level == LogLevel.Error && line.Message.Contains(id.ToString(), StringComparison.Ordinal));
    }

    private static string NewAddress() => $"{Guid.NewGuid():N}@example.org";

    private static UserRegistered Registered(string email, string displayName) => new(RunningNotifier.NewUser(), "ada", displayName, email, TimeProvider.System.GetUtcNow());

    private static MailRequested Requested(string to, string displayName) => new(Guid.NewGuid(), MailTemplates.AlreadyRegistered, to, new Dictionary<string, string> { ["displayName"] = displayName });

    private async Task<(Guid Id, string Email)> RegisterAsync(string displayName)
    {
        var (id, email) = (Guid.CreateVersion7(), NewAddress());
        await notifier.Bus.PublishAsync(Registered(email, displayName), id);
        return (id, email);
    }

    /// <summary>The outcome of a try is written down after the server's answer.</summary>
    private async Task SettledAsync(Guid id, bool sent, int attempts) => await Eventually.GetAsync(
        () => notifier.Environment.QueryAsync<Guid>("notifier", "SELECT id FROM mails WHERE id = $1 AND failed_at IS NULL AND attempts = $3 AND (sent_at IS NOT NULL) = $2 AND (last_error IS NULL) = $2", id, sent, attempts),
        rows => rows.Count == 1);

    private async Task GivenUpAsync(Guid id) => await Eventually.GetAsync(
        () => notifier.Environment.QueryAsync<string>("notifier", "SELECT last_error FROM mails WHERE id = $1 AND failed_at IS NOT NULL AND sent_at IS NULL", id), rows => rows.Count == 1);

    /// <summary>The next thing that the mail server sees is a mail asked for now: nothing else was on its way.</summary>
    private async Task AssertQuietAsync()
    {
        var (id, email) = await RegisterAsync("Marker");
        Assert.Equal([email], (await notifier.Mail.NextAsync()).Recipients);
        await SettledAsync(id, sent: true, attempts: 1);
    }
}

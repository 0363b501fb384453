using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using PhotoPlatform.Contracts;
using PhotoPlatform.Notifier.Mails;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Notifier.Tests;

public sealed class MailTests(RunningNotifier notifier) : IClassFixture<RunningNotifier>
{
    private static readonly TimeSpan Later = TimeSpan.FromHours(3);

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
        Assert.StartsWith("Hello Zoë 🦊 Ångström,\n\nyour account @ada is ready.", mail.Text, StringComparison.Ordinal);
        Assert.Contains("\nhttp://localhost:8080/\n", mail.Text, StringComparison.Ordinal);
        Assert.Contains("<a class=\"button\" href=\"http://localhost:8080/\"", mail.Html, StringComparison.Ordinal);
        Assert.Contains("@ada", mail.Html, StringComparison.Ordinal);
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
        Assert.Contains("Hello Ada,", mail.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_delivered_often_and_at_once_is_one_mail()
    {
        var (id, email) = (Guid.CreateVersion7(), NewAddress());
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => notifier.Bus.PublishAsync(Registered(email, "Ada"), id)));
        Assert.Equal([email], (await notifier.Mail.NextAsync()).Recipients);

        await AssertQuietAsync();
        Assert.Equal(1, notifier.Mail.Taken.Count(taken => taken == email));
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
    [InlineData("Ada\r\nBcc: b@example.org", "there")]
    [InlineData("Ada\r\n\r\n.\r\nMAIL FROM:<x>", "Ada . MAIL FROM:<x>")]
    [InlineData("=?utf-8?B?QmNj?=", "=?utf-8?B?QmNj?=")]
    [InlineData("\u202Eada\u0007\u200B", "ada")]
    [InlineData("Win at evil.example", "there")]
    [InlineData("<b>Ada</b> & \"Co\"", "<b>Ada</b> & \"Co\"")]
    public async Task A_name_cannot_add_headers_commands_or_markup(string name, string shown)
    {
        var email = NewAddress();
        await notifier.Bus.PublishAsync(Requested(email, name));
        var mail = await notifier.Mail.NextAsync();
        Assert.Equal([email], mail.Recipients);
        Assert.Equal(["auto-submitted", "content-type", "date", "from", "message-id", "mime-version", "subject", "to"], mail.Headers.Select(header => header.Key).Order());
        Assert.StartsWith($"Hello {shown},", mail.Text, StringComparison.Ordinal);
        Assert.Contains($">Hello {WebUtility.HtmlEncode(shown)},<", mail.Html, StringComparison.Ordinal);
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
    [InlineData(1, 5)]
    [InlineData(2, 10)]
    [InlineData(5, 80)]
    [InlineData(12, 7200)]
    [InlineData(1000, 7200)]
    public void Pauses_double_up_to_two_hours_a_fifth_more_or_less(int attempts, int seconds) =>
        Assert.Equal((seconds * 0.8, seconds, seconds * 1.2), (PauseAfter(attempts, 0), PauseAfter(attempts, 0.5), PauseAfter(attempts, 1)));

    [Fact]
    public void The_last_try_is_about_a_day_after_the_first() =>
        Assert.InRange(Enumerable.Range(1, MailFailure.MaxAttempts - 1).Sum(attempts => PauseAfter(attempts, 0.5)) / 3600, 20, 25);

    [Fact]
    public async Task After_the_last_try_a_mail_is_given_up_and_kept_with_its_reason_for_the_operator()
    {
        var (id, email) = (Guid.CreateVersion7(), NewAddress());
        notifier.Mail.Answer(email, [.. Enumerable.Repeat(MailAnswer.NotNow, 100)]);
        await notifier.Bus.PublishAsync(Registered(email, "Ada"), id);
        for (var attempt = 1; attempt < MailFailure.MaxAttempts; attempt++)
        {
            Assert.Equal(MailAnswer.NotNow, (await notifier.Mail.NextAsync()).Answer);
            await SettledAsync(id, sent: false, attempt);
            notifier.Pass(Later);
        }
        Assert.Equal(MailAnswer.NotNow, (await notifier.Mail.NextAsync()).Answer);
        Assert.Equal("Recipient: 451 4.7.1", await GivenUpAsync(id));
        Assert.Contains(notifier.Service.Logs.All, line => line.Level == LogLevel.Error && line.Message.Contains(id.ToString(), StringComparison.Ordinal));
        Assert.Equal([email], await notifier.Environment.QueryAsync<string>("notifier", "SELECT \"to\" FROM mails WHERE id = $1", id));
    }

    [Fact]
    public async Task A_mail_whose_sender_died_is_sent_when_its_hold_has_ended()
    {
        var (id, email) = await RegisterAsync("Ada");
        await notifier.Mail.NextAsync();
        await SettledAsync(id, sent: true, attempts: 1);
        // As the row was between the claim and the outcome.
        var now = notifier.Clock.GetUtcNow();
        await notifier.Environment.QueryAsync<int>("notifier",
            "UPDATE mails SET done_at = NULL, \"to\" = $2, subject = 'Again', text = 'x', html = 'x', next_attempt_at = $3 WHERE id = $1", id, email, now.AddMinutes(3));
        await AssertQuietAsync();
        notifier.Pass(TimeSpan.FromMinutes(3));
        var again = await notifier.Mail.NextAsync();
        Assert.Equal((email, $"<{id:D}@localhost>"), (again.Recipients.Single(), again.Headers["message-id"].Single()));
        await SettledAsync(id, sent: true, attempts: 2);
    }

    [Fact]
    public async Task An_operator_sees_how_many_mails_wait_and_how_many_were_given_up()
    {
        var email = NewAddress();
        notifier.Mail.Answer(email, MailAnswer.Never);
        using var gateway = notifier.Service.Client(null, null, CallerIdentity.GatewayRole);
        var before = await gateway.GetFromJsonAsync<JsonElement>("/internal/mails");
        await notifier.Bus.PublishAsync(Registered(email, "Ada"));
        await notifier.Mail.NextAsync();
        var after = await Eventually.GetAsync(() => gateway.GetFromJsonAsync<JsonElement>("/internal/mails"), state =>
            state.GetProperty("givenUp").GetInt32() > before.GetProperty("givenUp").GetInt32() && state.GetProperty("waiting").GetInt32() == 0);
        Assert.Equal(JsonValueKind.Null, after.GetProperty("oldestWaitingSeconds").ValueKind);
        using var user = notifier.Service.Client(RunningNotifier.NewUser());
        Assert.Equal(HttpStatusCode.Unauthorized, (await user.GetAsync(new Uri("/internal/mails", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task Nothing_of_a_sent_mail_is_kept_and_neither_addresses_nor_tokens_are_logged()
    {
        var (sent, refused) = (NewAddress(), NewAddress());
        notifier.Mail.Answer(refused, MailAnswer.Never);
        var (first, second) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await notifier.Bus.PublishAsync(Reset(sent, "token-that-nobody-may-see"), first);
        await notifier.Bus.PublishAsync(Reset(refused, "token-that-nobody-may-see"), second);
        await SettledAsync(first, sent: true, attempts: 1);
        Assert.Equal("Recipient: 550 5.1.1", await GivenUpAsync(second));
        Assert.Equal([true], await notifier.Environment.QueryAsync<bool>("notifier", "SELECT num_nonnulls(\"to\", subject, text, html, unsubscribe) = 0 FROM mails WHERE id = $1", first));
        foreach (var secret in new[] { sent, refused, "token-that-nobody" })
            Assert.DoesNotContain(notifier.Service.Logs.All, line => line.Message.Contains(secret, StringComparison.Ordinal) || line.Exception?.ToString().Contains(secret, StringComparison.Ordinal) == true);
        await notifier.Mail.NextAsync();
        await notifier.Mail.NextAsync();
    }

    [Theory]
    [InlineData(MailTemplates.AlreadyRegistered, "You already have an account", "http://localhost:8080/")]
    [InlineData(MailTemplates.PasswordReset, "Choose a new password", "http://localhost:8080/account.html#reset=a%2Bb")]
    [InlineData(MailTemplates.PasswordChanged, "Your password was changed", "http://localhost:8080/account.html")]
    [InlineData(MailTemplates.ConfirmEmail, "Confirm your new address", "http://localhost:8080/account.html#confirm=a%2Bb")]
    [InlineData(MailTemplates.EmailChanged, "Your address was changed", null)]
    [InlineData(MailTemplates.ExportReady, "Your data is ready", "http://localhost:8080/account.html#exports")]
    [InlineData(MailTemplates.AccountDeleted, "Your account was deleted", null)]
    public async Task Every_mail_that_users_asks_for_has_its_words_and_its_link_and_cannot_be_unsubscribed(string template, string subject, string? link)
    {
        var email = NewAddress();
        await notifier.Bus.PublishAsync(new MailRequested(RunningNotifier.NewUser(), template, email,
            new Dictionary<string, string> { ["displayName"] = "Ada", ["token"] = "a+b", ["expiresAt"] = "2026-12-01T10:30:00Z" }));
        var mail = await notifier.Mail.NextAsync();
        Assert.Equal((email, subject), (mail.Recipients.Single(), mail.Headers["subject"].Single()));
        Assert.StartsWith("Hello Ada,\n", mail.Text, StringComparison.Ordinal);
        if (link is not null)
        {
            Assert.Contains($"\n{link}\n", mail.Text, StringComparison.Ordinal);
            Assert.Contains($"href=\"{link}\"", mail.Html, StringComparison.Ordinal);
        }
        else
            Assert.DoesNotContain("href", mail.Html, StringComparison.Ordinal);
        if (template == MailTemplates.ExportReady)
            Assert.Contains("until 1 December 2026, 10:30 UTC.", mail.Text, StringComparison.Ordinal);
        Assert.Empty(mail.Headers["list-unsubscribe"]);
        Assert.DoesNotContain("src=", mail.Html, StringComparison.Ordinal);
        Assert.Contains("color-scheme", mail.Html, StringComparison.Ordinal);
    }

    private static MailRequested Reset(string to, string token) =>
        new(RunningNotifier.NewUser(), MailTemplates.PasswordReset, to, new Dictionary<string, string> { ["displayName"] = "Ada", ["token"] = token });

    private static double PauseAfter(int attempts, double chance) => MailFailure.PauseAfter(attempts, chance).TotalSeconds;

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
        () => notifier.Environment.QueryAsync<Guid>("notifier", "SELECT id FROM mails WHERE id = $1 AND NOT failed AND attempts = $3 AND (done_at IS NOT NULL) = $2 AND (last_error IS NULL) = $2", id, sent, attempts),
        rows => rows.Count == 1);

    private async Task<string> GivenUpAsync(Guid id) => (await Eventually.GetAsync(
        () => notifier.Environment.QueryAsync<string>("notifier", "SELECT last_error FROM mails WHERE id = $1 AND failed AND done_at IS NOT NULL", id), rows => rows.Count == 1))[0];

    /// <summary>The next thing that the mail server sees is a mail asked for now: nothing else was on its way.</summary>
    private async Task AssertQuietAsync()
    {
        var (id, email) = await RegisterAsync("Marker");
        Assert.Equal([email], (await notifier.Mail.NextAsync()).Recipients);
        await SettledAsync(id, sent: true, attempts: 1);
    }
}

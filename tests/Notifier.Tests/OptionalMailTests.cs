using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using PhotoPlatform.Contracts;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Notifier.Tests;

/// <summary>Mails that a user can do without.</summary>
public sealed class OptionalMailTests(RunningNotifier notifier) : IClassFixture<RunningNotifier>
{
    [Fact]
    public async Task The_first_follower_of_a_day_is_mailed_about_and_one_click_ends_that()
    {
        var (user, email) = await RegisterAsync();
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => FollowAsync(user, "Eve <b>", "eve")));
        var mail = await notifier.Mail.NextAsync();
        Assert.Equal((email, "Eve <b> (@eve) follows you"), (mail.Recipients.Single(), mail.Headers["subject"].Single()));
        Assert.Contains("Eve &lt;b&gt; (@eve) follows you on PhotoPlatform now.", mail.Html, StringComparison.Ordinal);
        Assert.Contains("http://localhost:8080/account.html#mail\n", mail.Text, StringComparison.Ordinal);
        await AssertToldAsync(user, 10, mails: 2);

        Assert.Equal(["List-Unsubscribe=One-Click"], mail.Headers["list-unsubscribe-post"]);
        var link = new Uri(mail.Headers["list-unsubscribe"].Single()[1..^1]);
        Assert.Equal("http://localhost:8080/api/mail/unsubscribe", link.GetLeftPart(UriPartial.Path));
        var token = link.Query["?token=".Length..];
        Assert.Contains($"http://localhost:8080/account.html#unsubscribe={token}\n", mail.Text, StringComparison.Ordinal);
        Assert.Contains($"href=\"http://localhost:8080/account.html#unsubscribe={token}\"", mail.Html, StringComparison.Ordinal);

        // A scanner that opens every link changes nothing.
        using var anonymous = Anonymous();
        using (var opened = await anonymous.GetAsync(new Uri(link.PathAndQuery, UriKind.Relative)))
            Assert.Equal((HttpStatusCode.SeeOther, $"http://localhost:8080/account.html#unsubscribe={token}"), (opened.StatusCode, opened.Headers.Location!.OriginalString));
        Assert.Equal((true, true), await PreferencesAsync(user));

        using (var ended = await anonymous.PostAsync(new Uri(link.PathAndQuery, UriKind.Relative), new FormUrlEncodedContent([new("List-Unsubscribe", "One-Click")])))
            Assert.Equal((HttpStatusCode.OK, "{\"category\":\"followed\"}"), (ended.StatusCode, await ended.Content.ReadAsStringAsync()));
        Assert.Equal((false, true), await PreferencesAsync(user));
        notifier.Clock.Advance(TimeSpan.FromDays(1));
        await FollowAsync(user, "Mallory", "mallory");
        await AssertToldAsync(user, 11, mails: 2);
    }

    [Fact]
    public async Task The_next_day_there_is_a_mail_again_and_photo_problems_have_their_own()
    {
        var (user, email) = await RegisterAsync();
        for (var day = 0; day < 2; day++)
        {
            await FollowAsync(user, "Eve", "eve");
            Assert.Equal((email, "Eve (@eve) follows you"), await notifier.Mail.NextAsync() is var followed ? (followed.Recipients.Single(), followed.Headers["subject"].Single()) : default);
            for (var i = 0; i < 3; i++)
                await notifier.Bus.PublishAsync(new PhotoUnusable(Guid.NewGuid(), user, 1, "rejected", "truncated", Now()));
            Assert.Equal((email, "One of your photos could not be processed"), await notifier.Mail.NextAsync() is var problem ? (problem.Recipients.Single(), problem.Headers["subject"].Single()) : default);
            Assert.Single(problem.Headers["list-unsubscribe"]);
            await AssertToldAsync(user, 4 * (day + 1), mails: 1 + 2 * (day + 1));
            notifier.Clock.Advance(TimeSpan.FromDays(1));
        }
    }

    [Fact]
    public async Task Who_wants_no_such_mails_gets_none_and_still_all_that_are_about_the_account()
    {
        var (user, email) = await RegisterAsync();
        using var client = notifier.Service.Client(user);
        Assert.Equal((true, true), await PreferencesAsync(user));
        using (var put = await client.PutAsJsonAsync("/api/notifications/mail-preferences", new { followed = false, photoProblems = false }))
            Assert.Equal((HttpStatusCode.OK, "{\"followed\":false,\"photoProblems\":false}"), (put.StatusCode, await put.Content.ReadAsStringAsync()));
        await FollowAsync(user, "Eve", "eve");
        await notifier.Bus.PublishAsync(new PhotoUnusable(Guid.NewGuid(), user, 1, "failed", "x", Now()));
        await AssertToldAsync(user, 2, mails: 1);
        await notifier.Bus.PublishAsync(new MailRequested(user, MailTemplates.PasswordChanged, email, new Dictionary<string, string> { ["displayName"] = "Ada" }));
        Assert.Equal(["Your password was changed"], (await notifier.Mail.NextAsync()).Headers["subject"]);

        await client.PutAsJsonAsync("/api/notifications/mail-preferences", new { followed = true, photoProblems = false });
        Assert.Equal((true, false), await PreferencesAsync(user));
        await FollowAsync(user, "Mallory", "mallory");
        Assert.Equal([email], (await notifier.Mail.NextAsync()).Recipients);
    }

    [Fact]
    public async Task A_form_in_parts_and_json_end_mails_too_and_doing_so_often_changes_nothing_more()
    {
        var (user, _) = await RegisterAsync();
        await FollowAsync(user, "Eve", "eve");
        var token = (await notifier.Mail.NextAsync()).Headers["list-unsubscribe"].Single().Split("token=")[1][..^1];
        using var anonymous = Anonymous();
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(async i =>
        {
            using var parts = new MultipartFormDataContent { { new StringContent("One-Click"), "List-Unsubscribe" } };
            using var response = i % 2 == 0 ? await anonymous.PostAsJsonAsync("/api/mail/unsubscribe", new { token }) : await anonymous.PostAsync(new Uri($"/api/mail/unsubscribe?token={token}", UriKind.Relative), parts);
            return response.StatusCode;
        }));
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer));
        Assert.Equal((false, true), await PreferencesAsync(user));
    }

    [Fact]
    public async Task A_token_that_was_changed_anywhere_is_none()
    {
        var (user, _) = await RegisterAsync();
        await FollowAsync(user, "Eve", "eve");
        var token = (await notifier.Mail.NextAsync()).Headers["list-unsubscribe"].Single().Split("token=")[1][..^1];
        var bytes = Base64Url.DecodeFromChars(token);
        using var anonymous = Anonymous();
        var changed = bytes.Select((value, i) => Base64Url.EncodeToString([.. bytes[..i], (byte)(value ^ 1), .. bytes[(i + 1)..]]));
        foreach (var bad in changed.Concat([token[..^4], token + "AAAA", token + "=", "x", "%00", new string('A', 67), new string('A', 4000)]))
        {
            using var response = await anonymous.PostAsJsonAsync("/api/mail/unsubscribe", new { token = bad });
            Assert.Equal((HttpStatusCode.NotFound, "application/problem+json"), (response.StatusCode, response.Content.Headers.ContentType!.MediaType));
        }
        using var get = await anonymous.GetAsync(new Uri("/api/mail/unsubscribe?token=x", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NotFound, get.StatusCode);
        Assert.Equal((true, true), await PreferencesAsync(user));
    }

    [Theory]
    [InlineData("application/x-www-form-urlencoded", "List-Unsubscribe=Two-Clicks", "List-Unsubscribe")]
    [InlineData("application/x-www-form-urlencoded", "", "List-Unsubscribe")]
    [InlineData("multipart/form-data; boundary=x", "--x\r\nbroken", "List-Unsubscribe")]
    [InlineData("multipart/form-data", "x", "List-Unsubscribe")]
    [InlineData("text/plain", "List-Unsubscribe=One-Click", "List-Unsubscribe")]
    [InlineData("application/json", "{}", "token")]
    [InlineData("application/json", "null", "token")]
    [InlineData("application/json", "{\"token\":5}", "token")]
    [InlineData("application/json", "", "token")]
    public async Task A_bad_request_names_its_field(string type, string body, string field)
    {
        using var anonymous = Anonymous();
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        using var response = await anonymous.PostAsync(new Uri("/api/mail/unsubscribe?token=x", UriKind.Relative), content);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.True((await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").TryGetProperty(field, out _));
    }

    [Theory]
    [InlineData(null, "'Mail:LinkKey' is missing")]
    [InlineData("short", "'Mail:LinkKey' must be at least 32 bytes long")]
    public async Task Without_a_key_worth_the_name_the_service_does_not_start(string? key, string reason)
    {
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => notifier.StartAsync(new() { ["Mail:LinkKey"] = key }));
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_and_addresses_come_in_any_order_and_often_and_the_newest_holds()
    {
        var user = RunningNotifier.NewUser();
        UserChanged Changed(long version) => new(user, version, "ada", $"Ada {version}", $"ada{version}@example.org", Now());
        var twice = Guid.CreateVersion7();
        await Task.WhenAll(notifier.Bus.PublishAsync(Changed(3), twice), notifier.Bus.PublishAsync(Changed(3), twice), notifier.Bus.PublishAsync(Changed(1)), notifier.Bus.PublishAsync(Changed(2)), notifier.Bus.PublishAsync(Changed(3)));
        await notifier.Bus.PublishAsync(new UserRegistered(user, "ada", "Ada 0", "ada0@example.org", Now()));
        Assert.Equal(["ada0@example.org"], (await notifier.Mail.NextAsync()).Recipients);
        await Eventually.GetAsync(() => notifier.Environment.QueryAsync<string>("notifier", "SELECT version || ' ' || display_name || ' ' || email FROM recipients WHERE user_id = $1", user), rows => rows is ["3 Ada 3 ada3@example.org"]);
        await FollowAsync(user, "Eve", "eve");
        Assert.Equal(["ada3@example.org"], (await notifier.Mail.NextAsync()).Recipients);
    }

    private static DateTimeOffset Now() => TimeProvider.System.GetUtcNow();

    private HttpClient Anonymous()
    {
        using var signed = notifier.Service.Client();
        var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = notifier.Service.Address };
        foreach (var (name, values) in signed.DefaultRequestHeaders)
            client.DefaultRequestHeaders.Add(name, values);
        return client;
    }

    private async Task<(Guid User, string Email)> RegisterAsync()
    {
        var (user, email) = (RunningNotifier.NewUser(), $"{Guid.NewGuid():N}@example.org");
        await notifier.Bus.PublishAsync(new UserRegistered(user, "ada", "Ada", email, Now()));
        Assert.Equal([email], (await notifier.Mail.NextAsync()).Recipients);
        return (user, email);
    }

    private Task FollowAsync(Guid user, string name, string handle) => notifier.Bus.PublishAsync(new UserFollowed(RunningNotifier.NewUser(), handle, name, user, Now()));

    private async Task<(bool Followed, bool PhotoProblems)> PreferencesAsync(Guid user)
    {
        using var client = notifier.Service.Client(user);
        var preferences = await client.GetFromJsonAsync<JsonElement>("/api/notifications/mail-preferences");
        return (preferences.GetProperty("followed").GetBoolean(), preferences.GetProperty("photoProblems").GetBoolean());
    }

    /// <summary>Waits until the user was told so often; by then so many mails have been asked for, the welcome among them.</summary>
    private async Task AssertToldAsync(Guid user, int often, int mails)
    {
        await Eventually.GetAsync(() => notifier.Environment.QueryAsync<long>("notifier", "SELECT count(*) FROM notifications WHERE user_id = $1", user), count => count[0] == often);
        Assert.Equal([(long)mails], await notifier.Environment.QueryAsync<long>("notifier", "SELECT count(*) FROM mails WHERE user_id = $1", user));
    }
}

using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using PhotoPlatform.TestImages;
using PhotoPlatform.Testing;

namespace PhotoPlatform.SystemTests;

/// <summary>What a person does with an account, across all services, two of each.</summary>
[Collection(ScaledPlatform.Name)]
public sealed partial class AccountTests(ScaledPlatform shared)
{
    private Platform Platform => shared.Platform;

    [Fact]
    public async Task A_forgotten_password_is_replaced_by_way_of_the_mail_and_ends_every_session()
    {
        using var person = await Person.SignUpAsync(Platform);
        using var anybody = new HttpClient { BaseAddress = Platform.Address };
        using (var asked = await anybody.PostAsJsonAsync("/api/password-resets", new { person.Email }))
            Assert.Equal(HttpStatusCode.Accepted, asked.StatusCode);
        var token = ResetLink().Match(await MailAsync(person.Email, text => ResetLink().IsMatch(text))).Groups[1].Value;

        using (var done = await anybody.PostAsJsonAsync("/api/password-resets/complete", new { token, newPassword = "a wholly different phrase" }))
            Assert.Equal(HttpStatusCode.NoContent, done.StatusCode);
        await Eventually.GetAsync(() => StatusAsync(person, "/api/users/me"), status => status == HttpStatusCode.Unauthorized);
        using (var old = await anybody.PostAsJsonAsync("/api/sessions", new { person.Email, password = Person.Password }))
            Assert.Equal(HttpStatusCode.Unauthorized, old.StatusCode);
        using (var again = await anybody.PostAsJsonAsync("/api/password-resets/complete", new { token, newPassword = "yet another phrase" }))
            Assert.False(again.IsSuccessStatusCode);
        await person.SignInAsync("a wholly different phrase");
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(person, "/api/users/me"));
    }

    [Fact]
    public async Task A_new_address_holds_once_it_is_confirmed_by_mail()
    {
        using var person = await Person.SignUpAsync(Platform);
        var email = $"new-{person.Email}";
        using (var asked = await person.Http.PostAsJsonAsync("/api/users/me/email", new { email, password = Person.Password }))
            Assert.Equal(HttpStatusCode.Accepted, asked.StatusCode);
        var token = ConfirmLink().Match(await MailAsync(email, text => ConfirmLink().IsMatch(text))).Groups[1].Value;
        Assert.Equal(person.Email, (await person.GetAsync("/api/users/me")).GetProperty("email").GetString());

        using (var confirmed = await person.Http.PostAsJsonAsync("/api/email-confirmations", new { token }))
            Assert.Equal(HttpStatusCode.NoContent, confirmed.StatusCode);
        Assert.Equal(email, (await person.GetAsync("/api/users/me")).GetProperty("email").GetString());
        Assert.NotEmpty(await MailAsync(person.Email, text => text.Contains("another mail address", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_follower_is_told_of_in_the_list_the_stream_and_a_mail_that_one_click_ends()
    {
        using var ada = await Person.SignUpAsync(Platform);
        using var bob = await Person.SignUpAsync(Platform);
        using var stream = await bob.StreamAsync();
        using (var followed = await ada.Http.PutAsync(new Uri($"/api/users/{bob.Handle}/follow", UriKind.Relative), null))
            Assert.Equal(HttpStatusCode.NoContent, followed.StatusCode);

        Assert.Contains("followed", await stream.DataOfAsync("notification"), StringComparison.Ordinal);
        var told = (await bob.GetAsync("/api/notifications")).GetProperty("items")[0];
        Assert.Equal("followed", told.GetProperty("type").GetString());
        Assert.Contains(ada.Handle, told.GetProperty("data").GetRawText(), StringComparison.Ordinal);
        Assert.Equal(bob.Handle, (await ada.GetAsync($"/api/users/{ada.Handle}/following")).GetProperty("items")[0].GetProperty("handle").GetString());

        var mail = await Eventually.GetAsync(() => Task.FromResult(Platform.MailFiles(bob.Email).FirstOrDefault(text => text.Contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click", StringComparison.Ordinal))), text => text is not null);
        var link = UnsubscribeHeader().Match(Unfolded(mail!)).Groups[1].Value;
        using var anybody = new HttpClient { BaseAddress = Platform.Address };
        using var form = new FormUrlEncodedContent([new("List-Unsubscribe", "One-Click")]);
        using (var ended = await anybody.PostAsync(new Uri(link), form))
            Assert.Equal(HttpStatusCode.OK, ended.StatusCode);
        Assert.False((await bob.GetAsync("/api/notifications/mail-preferences")).GetProperty("followed").GetBoolean());
    }

    [Fact]
    public async Task A_stream_ends_with_its_session()
    {
        using var person = await Person.SignUpAsync(Platform);
        using var stream = await person.StreamAsync();
        using var other = await person.AgainAsync();
        var session = (await person.GetAsync("/api/sessions")).GetProperty("items").EnumerateArray().Single(item => item.GetProperty("current").GetBoolean()).GetProperty("id").GetGuid();
        using (var ended = await other.Http.DeleteAsync(new Uri($"/api/sessions/{session}", UriKind.Relative)))
            Assert.Equal(HttpStatusCode.NoContent, ended.StatusCode);

        await stream.EndAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(person, "/api/users/me"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(other, "/api/users/me"));
    }

    [Fact]
    public async Task An_avatar_goes_through_the_photo_pipeline()
    {
        using var person = await Person.SignUpAsync(Platform);
        using (var uploaded = await person.PostAsync(Picture.Photo(400, 300).ToJpeg(), query: "?use=avatar"))
            Assert.Equal(HttpStatusCode.Accepted, uploaded.StatusCode);
        var url = await Eventually.GetAsync(async () => (await person.GetAsync("/api/users/me")).GetProperty("avatarUrl").GetString(), found => found is not null);

        using var anybody = new HttpClient { BaseAddress = Platform.Address };
        Assert.Equal("image/webp", (await anybody.GetAsync(new Uri(url!, UriKind.Relative))).Content.Headers.ContentType!.MediaType);
        Assert.Equal(url, (await anybody.GetFromJsonAsync<JsonElement>($"/api/users/{person.Handle}")).GetProperty("avatarUrl").GetString());
        Assert.Equal(0, (await anybody.GetFromJsonAsync<JsonElement>($"/api/users/{person.Handle}/photos")).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task An_export_holds_what_every_service_knows_and_can_be_fetched_in_parts()
    {
        using var person = await Person.SignUpAsync(Platform);
        var original = Picture.Photo(500, 400).ToJpeg();
        await person.SettledAsync(await person.UploadAsync(original));
        string location;
        using (var asked = await person.Http.PostAsync(new Uri("/api/users/me/exports", UriKind.Relative), null))
        {
            Assert.Equal(HttpStatusCode.Accepted, asked.StatusCode);
            location = asked.Headers.Location!.ToString();
        }
        await Eventually.GetAsync(async () => (await person.GetAsync(location)).GetProperty("state").GetString(), state => state == "ready");

        var whole = await person.Http.GetByteArrayAsync($"{location}/file");
        using var range = new HttpRequestMessage(HttpMethod.Get, $"{location}/file") { Headers = { Range = new RangeHeaderValue(10, 19) } };
        using var part = await person.Http.SendAsync(range);
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal(whole[10..20], await part.Content.ReadAsByteArrayAsync());
        await using var zip = new ZipArchive(new MemoryStream(whole));
        var photo = Assert.Single(zip.Entries, entry => entry.FullName.EndsWith(".jpg", StringComparison.Ordinal));
        await using var stored = await photo.OpenAsync();
        using var bytes = new MemoryStream();
        await stored.CopyToAsync(bytes);
        Assert.Equal(original, bytes.ToArray());
        Assert.Contains(zip.Entries, entry => entry.FullName.EndsWith("notifications.json", StringComparison.Ordinal));
        Assert.Contains(zip.Entries, entry => entry.FullName.EndsWith("photos.json", StringComparison.Ordinal));
        Assert.NotEmpty(await MailAsync(person.Email, text => text.Contains("export", StringComparison.OrdinalIgnoreCase)));

        using var stranger = await Person.SignUpAsync(Platform);
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(stranger, $"{location}/file"));
    }

    [Fact]
    public async Task Of_a_deleted_account_nothing_is_left_anywhere()
    {
        using var ada = await Person.SignUpAsync(Platform);
        using var bob = await Person.SignUpAsync(Platform);
        await ada.SettledAsync(await ada.UploadAsync(Picture.Photo(300, 200).ToJpeg()));
        (await ada.Http.PutAsync(new Uri($"/api/users/{bob.Handle}/follow", UriKind.Relative), null)).EnsureSuccessStatusCode();
        (await bob.Http.PutAsync(new Uri($"/api/users/{ada.Handle}/follow", UriKind.Relative), null)).EnsureSuccessStatusCode();
        (await ada.Http.PostAsync(new Uri("/api/users/me/exports", UriKind.Relative), null)).EnsureSuccessStatusCode();
        await MailAsync(ada.Email, text => text.Contains("export", StringComparison.OrdinalIgnoreCase));
        await Eventually.GetAsync(() => bob.GetAsync("/api/notifications"), list => list.GetProperty("items").GetArrayLength() > 0);
        var id = (await ada.GetAsync("/api/users/me")).GetProperty("id").GetGuid();
        var before = await ErasedAsync(id, ada);
        Assert.True(before.ExitCode == 1, before.Output);
        // A job that is still at work when the account goes.
        await ada.UploadAsync(Picture.Photo(3000, 2000).ToJpeg());

        using (var request = new HttpRequestMessage(HttpMethod.Delete, "/api/users/me") { Content = JsonContent.Create(new { Person.Password }) })
        using (var deleted = await ada.Http.SendAsync(request))
            Assert.Contains(deleted.StatusCode, new[] { HttpStatusCode.NoContent, HttpStatusCode.Accepted });

        await Eventually.GetAsync(() => StatusAsync(ada, "/api/users/me"), status => status == HttpStatusCode.Unauthorized);
        await Eventually.GetAsync(() => ErasedAsync(id, ada), audit => audit.ExitCode == 0, TimeSpan.FromMinutes(2));
        Assert.NotEmpty(await MailAsync(ada.Email, text => text.Contains("deleted", StringComparison.OrdinalIgnoreCase)));
        Assert.Equal(0, (await bob.GetAsync("/api/users/me")).GetProperty("followerCount").GetInt32());
        using var anybody = new HttpClient { BaseAddress = Platform.Address };
        using var again = await anybody.PostAsJsonAsync("/api/users", new { ada.Email, ada.Handle, displayName = "Somebody else", Person.Password });
        Assert.Equal(HttpStatusCode.Created, again.StatusCode);
    }

    private static async Task<HttpStatusCode> StatusAsync(Person person, string path)
    {
        using var response = await person.Http.GetAsync(new Uri(path, UriKind.Relative));
        return response.StatusCode;
    }

    /// <summary>The text of the first mail to an address that is meant.</summary>
    private async Task<string> MailAsync(string email, Func<string, bool> isMeant) =>
        (await Eventually.GetAsync(async () => (await Platform.MailTextsAsync(email)).FirstOrDefault(isMeant), text => text is not null))!;

    private async Task<(int ExitCode, string Output)> ErasedAsync(Guid id, Person person)
    {
        var start = new ProcessStartInfo(Path.Combine(Repository.Root, "eng/erased"), ["--data", Platform.Data, id.ToString(), person.Email, person.Handle]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync() + await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output);
    }

    private static string Unfolded(string mail) => mail.ReplaceLineEndings("\n").Replace("\n ", " ", StringComparison.Ordinal);

    [GeneratedRegex(@"/account\.html#reset=([\w-]+)")]
    private static partial Regex ResetLink();

    [GeneratedRegex(@"/account\.html#confirm=([\w-]+)")]
    private static partial Regex ConfirmLink();

    [GeneratedRegex(@"List-Unsubscribe: ?<([^>]+)>")]
    private static partial Regex UnsubscribeHeader();
}

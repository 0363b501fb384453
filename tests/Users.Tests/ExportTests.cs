using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using PhotoPlatform.Contracts;
using PhotoPlatform.Storage;
using PhotoPlatform.Testing;
using PhotoPlatform.Users.Exports;

namespace PhotoPlatform.Users.Tests;

public sealed class ExportTests(RunningUsersWithCheapPasswords users) : IClassFixture<RunningUsersWithCheapPasswords>
{
    private static readonly byte[] Photo = RandomNumberGenerator.GetBytes(200_000);

    [Fact]
    public async Task An_archive_holds_everything_and_is_fetched_whole_or_in_parts()
    {
        var (account, friend) = (await users.SignUpAsync(), await users.SignUpAsync());
        await users.SignInAsync(account);
        using var client = users.Client(account.Id);
        (await client.PutAsync(new Uri($"/api/users/{friend.Handle}/follow", UriKind.Relative), null)).EnsureSuccessStatusCode();
        using var asked = await client.PostAsync(new Uri("/api/users/me/exports", UriKind.Relative), null);
        Assert.Equal(HttpStatusCode.Accepted, asked.StatusCode);
        var first = await asked.Content.ReadFromJsonAsync<JsonElement>();
        var id = first.GetProperty("id").GetGuid();
        Assert.Equal($"/api/users/me/exports/{id}", asked.Headers.Location!.ToString());
        Assert.Equal(["id", "state", "createdAt", "expiresAt", "bytes"], first.EnumerateObject().Select(property => property.Name));
        Assert.Equal("pending", first.GetProperty("state").GetString());
        Assert.Equal((id, account.Id), await RequestedAsync(id));
        Assert.Equal(HttpStatusCode.Conflict, (await client.GetAsync(FileOf(id))).StatusCode);

        // A second wish is the same one.
        using var again = await client.PostAsync(new Uri("/api/users/me/exports", UriKind.Relative), null);
        Assert.Equal(id, (await again.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid());

        await WriteMediaAsync(account.Id, id);
        await WriteNotifierAsync(account.Id, id);
        var ready = await StateAsync(account, id, "ready");
        var mail = await users.MailToAsync(account.Email, MailTemplates.ExportReady);
        Assert.Equal(ready.GetProperty("expiresAt").GetDateTimeOffset(), DateTimeOffset.Parse(mail.Data["expiresAt"], System.Globalization.CultureInfo.InvariantCulture), TimeSpan.FromMilliseconds(1));

        using var file = await client.GetAsync(FileOf(id));
        var bytes = await file.Content.ReadAsByteArrayAsync();
        Assert.Equal(("application/zip", ready.GetProperty("bytes").GetInt64()), (file.Content.Headers.ContentType!.MediaType!, bytes.LongLength));
        Assert.Equal("attachment", file.Content.Headers.ContentDisposition!.DispositionType);
        Assert.Contains("private", file.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
        await using (var zip = await ZipArchive.CreateAsync(new MemoryStream(bytes), ZipArchiveMode.Read, false, null))
        {
            Assert.Equal(
                ["account.json", "followers.json", "following.json", "missing.txt", "notifications.json", "photos/A-2.jpg", "photos/_.._up/evil.jpg", "photos/a.jpg", "photos/beach.jpg", "photos/photos.json", "sessions.json"],
                zip.Entries.Select(entry => entry.FullName).Order(StringComparer.Ordinal));
            var photo = zip.GetEntry("photos/beach.jpg")!;
            Assert.Equal(photo.Length, photo.CompressedLength);
            Assert.Equal(Photo, await ReadAsync(photo));
            Assert.Contains(account.Email, Encoding.UTF8.GetString(await ReadAsync(zip.GetEntry("account.json")!)), StringComparison.Ordinal);
            Assert.Equal(friend.Handle, JsonDocument.Parse(await ReadAsync(zip.GetEntry("following.json")!)).RootElement[0].GetProperty("handle").GetString());
            Assert.DoesNotContain("token", Encoding.UTF8.GetString(await ReadAsync(zip.GetEntry("sessions.json")!)), StringComparison.OrdinalIgnoreCase);
            Assert.Contains("photos/gone.jpg", Encoding.UTF8.GetString(await ReadAsync(zip.GetEntry("missing.txt")!)), StringComparison.Ordinal);
        }

        // The parts are gone; the archive alone is left.
        await Eventually.GetAsync(() => BlobsAsync(id), keys => keys.Count == 1);
        await AssertRangesAsync(client, id, bytes, file.Headers.ETag!);
        using var stranger = users.Client(friend.Id);
        Assert.Equal(HttpStatusCode.NotFound, (await stranger.GetAsync(FileOf(id))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await stranger.GetAsync(new Uri($"/api/users/me/exports/{id}", UriKind.Relative))).StatusCode);
        Assert.Equal([id], (await client.GetFromJsonAsync<JsonElement>("/api/users/me/exports")).GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetGuid()));
    }

    [Fact]
    public async Task Parts_that_come_twice_and_at_once_make_one_archive_and_one_mail()
    {
        await using var replica = await users.StartAsync();
        var account = await users.SignUpAsync();
        var id = await AskAsync(account);
        var (media, notifier) = (await WriteMediaAsync(account.Id, id, tell: false), await WriteNotifierAsync(account.Id, id, tell: false));
        var ids = new[] { Guid.CreateVersion7(), Guid.CreateVersion7() };
        await Task.WhenAll(Enumerable.Range(0, 12).Select(i => users.Bus.PublishAsync(i % 2 == 0 ? media : notifier, ids[i % 2])));
        await StateAsync(account, id, "ready");
        await users.HandleAsync(media);
        await users.HandleAsync(notifier);
        await users.MailToAsync(account.Email, MailTemplates.ExportReady);
        Assert.Equal([1], await users.Environment.QueryAsync<int>("users", "SELECT attempts FROM exports WHERE id = $1", id));
        await Eventually.GetAsync(() => BlobsAsync(id), keys => keys.Count == 1);
        using var client = users.Client(account.Id);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(FileOf(id))).StatusCode);
    }

    [Fact]
    public async Task An_export_whose_builder_died_is_taken_over()
    {
        var account = await users.SignUpAsync();
        var id = await AskAsync(account);
        await users.Environment.QueryAsync<int>("users", "UPDATE exports SET lease_id = gen_random_uuid(), lease_until = $2, attempts = 1 WHERE id = $1 RETURNING 1", id, users.Clock.GetUtcNow().AddMinutes(2));
        await WriteMediaAsync(account.Id, id);
        await WriteNotifierAsync(account.Id, id);
        await Eventually.GetAsync(() => users.Environment.QueryAsync<bool>("users", "SELECT media_manifest IS NOT NULL AND notifier_manifest IS NOT NULL FROM exports WHERE id = $1", id), rows => rows is [true]);
        users.Clock.Advance(TimeSpan.FromMinutes(3));
        await StateAsync(account, id, "ready");
        Assert.Equal([2], await users.Environment.QueryAsync<int>("users", "SELECT attempts FROM exports WHERE id = $1", id));
    }

    [Fact]
    public async Task An_export_that_cannot_be_built_is_given_up_and_its_blobs_go()
    {
        var account = await users.SignUpAsync();
        var id = await AskAsync(account);
        await users.Blobs.WriteAsync($"exports/{id:D}/media/manifest.json", "no json"u8.ToArray(), default);
        await users.HandleAsync(new ExportPartWritten(id, account.Id, "media", $"exports/{id:D}/media/manifest.json"));
        await WriteNotifierAsync(account.Id, id);
        using var client = users.Client(account.Id);
        await Eventually.GetAsync(async () =>
        {
            users.Clock.Advance(TimeSpan.FromSeconds(20));
            using var fresh = users.Client(account.Id);
            return (await fresh.GetFromJsonAsync<JsonElement>($"/api/users/me/exports/{id}")).GetProperty("state").GetString();
        }, state => state == "failed");
        await Eventually.GetAsync(() => BlobsAsync(id), keys => keys.Count == 0);
        // The next one may be asked for at once.
        Assert.NotEqual(id, await AskAsync(account));
    }

    [Fact]
    public async Task An_export_without_its_parts_fails_after_an_hour_and_a_late_part_is_removed()
    {
        var account = await users.SignUpAsync();
        var id = await AskAsync(account);
        await WriteMediaAsync(account.Id, id);
        users.Clock.Advance(TimeSpan.FromMinutes(62));
        await StateAsync(account, id, "failed");
        await Eventually.GetAsync(() => BlobsAsync(id), keys => keys.Count == 0);
        await users.HandleAsync(await WriteNotifierAsync(account.Id, id, tell: false));
        Assert.Empty(await BlobsAsync(id));

        // Of an export that nobody knows, too.
        var unknown = Guid.CreateVersion7();
        await users.HandleAsync(await WriteMediaAsync(account.Id, unknown, tell: false));
        Assert.Empty(await BlobsAsync(unknown));
    }

    [Fact]
    public async Task Three_exports_a_day_are_enough_and_the_old_ones_expire()
    {
        var account = await users.SignUpAsync();
        var ids = new List<Guid>();
        for (var i = 0; i < 3; i++)
        {
            ids.Add(await AskAsync(account));
            await WriteMediaAsync(account.Id, ids[i]);
            await WriteNotifierAsync(account.Id, ids[i]);
            await StateAsync(account, ids[i], "ready");
        }
        using (var client = users.Client(account.Id))
        {
            using var fourth = await client.PostAsync(new Uri("/api/users/me/exports", UriKind.Relative), null);
            Assert.Equal(HttpStatusCode.TooManyRequests, fourth.StatusCode);
            Assert.InRange(fourth.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromHours(23), TimeSpan.FromHours(24));
        }

        // Not the clock but the rows: a clock a week ahead would put today's messages outside the inbox.
        await users.Environment.QueryAsync<int>("users", "UPDATE exports SET expires_at = $2 WHERE id = $1 RETURNING 1", ids[0], users.Clock.GetUtcNow().AddSeconds(-1));
        await StateAsync(account, ids[0], "expired");
        using (var client = users.Client(account.Id))
            Assert.Equal(HttpStatusCode.Gone, (await client.GetAsync(FileOf(ids[0]))).StatusCode);
        users.Clock.Advance(TimeSpan.FromMinutes(2));
        await Eventually.GetAsync(() => BlobsAsync(ids[0]), keys => keys.Count == 0);
        await Eventually.GetAsync(() => users.Environment.QueryAsync<string>("users", "SELECT state FROM exports WHERE id = $1", ids[0]), rows => rows is ["Expired"]);
        await users.Environment.QueryAsync<int>("users", "UPDATE exports SET expires_at = $2 WHERE id = $1 RETURNING 1", ids[0], users.Clock.GetUtcNow().AddSeconds(-1));
        users.Clock.Advance(TimeSpan.FromMinutes(2));
        await Eventually.GetAsync(() => users.Environment.QueryAsync<Guid>("users", "SELECT id FROM exports WHERE id = $1", ids[0]), rows => rows.Count == 0);
    }

    [Theory]
    [InlineData("../../etc/passwd", "etc/passwd")]
    [InlineData("/etc/passwd", "etc/passwd")]
    [InlineData("C:\\Windows\\x.jpg", "C_/Windows/x.jpg")]
    [InlineData("a/./b//c", "a/b/c")]
    [InlineData("con.jpg", "_con.jpg")]
    [InlineData("a\u202Egpj.exe", "a_gpj.exe")]
    [InlineData("a\0b\r\n.jpg", "a_b__.jpg")]
    [InlineData(" . ", "file")]
    [InlineData("", "file")]
    [InlineData("Ünïcode 🦊.jpg", "Ünïcode 🦊.jpg")]
    public void A_name_in_the_archive_unpacks_safely(string path, string expected) => Assert.Equal(expected, ArchivePath.Of(path, []));

    [Fact]
    public void Long_names_keep_their_ending_and_equal_ones_get_a_number()
    {
        var taken = new HashSet<string>();
        var name = ArchivePath.Of($"{new string('x', 300)}.jpg", taken);
        Assert.Equal((100, ".jpg"), (name.Length, name[^4..]));
        Assert.Equal(["A/b.jpg", "a/B-2.jpg", "a/b-3.jpg", "a.d/b", "a.d/B-2"], new[] { "A/b.jpg", "a/B.jpg", "a/b.jpg", "a.d/b", "a.d/B" }.Select(path => ArchivePath.Of(path, taken)));
    }

    private static async Task AssertRangesAsync(HttpClient client, Guid id, byte[] whole, EntityTagHeaderValue tag)
    {
        var length = whole.Length;
        foreach (var (range, from, to) in new[] { ("bytes=0-99", 0, 99), ($"bytes={length - 10}-", length - 10, length - 1), ("bytes=-7", length - 7, length - 1), ($"bytes=5-{length * 2L}", 5, length - 1), ($"bytes=-{length * 2L}", 0, length - 1) })
        {
            using var part = await SendAsync(client, HttpMethod.Get, id, ("Range", range));
            Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
            Assert.Equal($"bytes {from}-{to}/{length}", part.Content.Headers.ContentRange!.ToString());
            Assert.Equal(whole[from..(to + 1)], await part.Content.ReadAsByteArrayAsync());
        }
        foreach (var range in new[] { $"bytes={length}-", "bytes=-0" })
        {
            using var beyond = await SendAsync(client, HttpMethod.Get, id, ("Range", range));
            Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, beyond.StatusCode);
            Assert.Equal($"bytes */{length}", beyond.Content.Headers.ContentRange!.ToString());
        }
        foreach (var range in new[] { "bytes=0-1,4-5", "bytes=9-1", "lines=0-1", "bytes=x" })
        {
            using var all = await SendAsync(client, HttpMethod.Get, id, ("Range", range));
            Assert.Equal((HttpStatusCode.OK, (long?)length), (all.StatusCode, all.Content.Headers.ContentLength));
        }
        using var same = await SendAsync(client, HttpMethod.Get, id, ("Range", "bytes=0-1"), ("If-Range", tag.ToString()));
        Assert.Equal(HttpStatusCode.PartialContent, same.StatusCode);
        using var other = await SendAsync(client, HttpMethod.Get, id, ("Range", "bytes=0-1"), ("If-Range", "\"other\""));
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        using var known = await SendAsync(client, HttpMethod.Get, id, ("If-None-Match", tag.ToString()));
        Assert.Equal(HttpStatusCode.NotModified, known.StatusCode);
        using var head = await SendAsync(client, HttpMethod.Head, id);
        Assert.Equal((HttpStatusCode.OK, (long?)length, tag), (head.StatusCode, head.Content.Headers.ContentLength, head.Headers.ETag));
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, HttpMethod method, Guid id, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, FileOf(id));
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await client.SendAsync(request);
    }

    private static Uri FileOf(Guid id) => new($"/api/users/me/exports/{id}/file", UriKind.Relative);

    private async Task<Guid> AskAsync(Account account)
    {
        using var client = users.Client(account.Id);
        using var response = await client.PostAsync(new Uri("/api/users/me/exports", UriKind.Relative), null);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
    }

    private async Task<JsonElement> StateAsync(Account account, Guid id, string state) => await Eventually.GetAsync(async () =>
    {
        using var client = users.Client(account.Id);
        return await client.GetFromJsonAsync<JsonElement>($"/api/users/me/exports/{id}");
    }, export => export.GetProperty("state").GetString() == state);

    private async Task<(Guid, Guid)> RequestedAsync(Guid id)
    {
        for (; ; )
        {
            if ((await users.Exports.NextAsync()).Message is var requested && requested.ExportId == id)
                return (requested.ExportId, requested.UserId);
        }
    }

    /// <summary>Plays Media.</summary>
    private async Task<ExportPartWritten> WriteMediaAsync(Guid user, Guid id, bool tell = true)
    {
        var folder = $"exports/{id:D}/media";
        await users.Blobs.WriteAsync($"originals/{id:N}", Photo, default);
        await users.Blobs.WriteAsync($"{folder}/photos.json", "[]"u8.ToArray(), default);
        ExportFile[] files =
        [
            new("photos/photos.json", $"{folder}/photos.json"), new("photos/beach.jpg", $"originals/{id:N}"), new("photos/a.jpg", $"originals/{id:N}"), new("photos/A.jpg", $"originals/{id:N}"),
            new("../photos/<..\u0007up/evil.jpg", $"originals/{id:N}"), new("photos/gone.jpg", $"originals/{id:N}-gone"), new("photos/nokey.jpg", "../no/key"),
        ];
        return await WriteAsync(new ExportPartWritten(id, user, "media", $"{folder}/manifest.json"), files, tell);
    }

    /// <summary>Plays Notifier.</summary>
    private async Task<ExportPartWritten> WriteNotifierAsync(Guid user, Guid id, bool tell = true)
    {
        await users.Blobs.WriteAsync($"exports/{id:D}/notifier/notifications.json", "[]"u8.ToArray(), default);
        return await WriteAsync(new ExportPartWritten(id, user, "notifier", $"exports/{id:D}/notifier/manifest.json"), [new("notifications.json", $"exports/{id:D}/notifier/notifications.json")], tell);
    }

    private async Task<ExportPartWritten> WriteAsync(ExportPartWritten part, ExportFile[] files, bool tell)
    {
        await users.Blobs.WriteAsync(part.Manifest, JsonSerializer.SerializeToUtf8Bytes(new ExportManifest(files)), default);
        if (tell)
            await users.Bus.PublishAsync(part);
        return part;
    }

    private async Task<List<string>> BlobsAsync(Guid id) => await users.Blobs.ListAsync($"exports/{id:D}", default).Select(blob => blob.Key).ToListAsync();

    private static async Task<byte[]> ReadAsync(ZipArchiveEntry entry)
    {
        await using var stream = await entry.OpenAsync();
        using var bytes = new MemoryStream();
        await stream.CopyToAsync(bytes);
        return bytes.ToArray();
    }
}

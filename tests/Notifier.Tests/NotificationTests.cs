using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using PhotoPlatform.Contracts;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Notifier.Tests;

public sealed class NotificationTests(RunningNotifier notifier) : IClassFixture<RunningNotifier>
{
    [Fact]
    public async Task A_photo_that_fails_is_told_of_in_the_stream_and_in_the_list_until_it_is_read()
    {
        var (user, photo) = (RunningNotifier.NewUser(), Guid.NewGuid());
        using var client = notifier.Service.Client(user);
        using var stream = await EventStream.OpenAsync(notifier.Service, user);
        await notifier.Bus.PublishAsync(new PhotoUnusable(photo, user, 1, "rejected", "truncated", Now()));
        Assert.Equal("photo-rejected", await stream.NextTypeAsync());
        var id = JsonSerializer.Deserialize<JsonElement>((await stream.NextAsync()).Data).GetProperty("id").GetInt64();

        var (items, unread, next) = await ListAsync(client);
        Assert.Equal((1, null), (unread, next));
        var item = Assert.Single(items);
        Assert.Equal((id, "photo-rejected", JsonValueKind.Null), (item.GetProperty("id").GetInt64(), item.GetProperty("type").GetString(), item.GetProperty("readAt").ValueKind));
        Assert.Equal((photo, "truncated"), (item.GetProperty("data").GetProperty("photoId").GetGuid(), item.GetProperty("data").GetProperty("reason").GetString()));

        using var stranger = notifier.Service.Client(RunningNotifier.NewUser());
        Assert.Equal(HttpStatusCode.NotFound, await PostAsync(stranger, $"/api/notifications/{id}/read"));
        Assert.Equal(HttpStatusCode.NoContent, await PostAsync(client, $"/api/notifications/{id}/read"));
        var readAt = (await ListAsync(client)).Items[0].GetProperty("readAt").GetDateTimeOffset();
        Assert.Equal(HttpStatusCode.NoContent, await PostAsync(client, $"/api/notifications/{id}/read"));
        (items, unread, _) = await ListAsync(client);
        Assert.Equal((0, readAt), (unread, items[0].GetProperty("readAt").GetDateTimeOffset()));
        Assert.Empty((await ListAsync(client, "?unread=true")).Items);
    }

    [Fact]
    public async Task A_follower_who_comes_and_goes_is_told_of_once_a_day_also_when_all_of_it_comes_at_once()
    {
        var (user, ada, bob) = (RunningNotifier.NewUser(), RunningNotifier.NewUser(), RunningNotifier.NewUser());
        using var stream = await EventStream.OpenAsync(notifier.Service, user);
        var twice = Guid.CreateVersion7();
        await Task.WhenAll(Enumerable.Range(0, 12).Select(i => notifier.Bus.PublishAsync(Follow(ada, "ada", user), i % 2 == 0 ? twice : null)));
        Assert.Equal(("notification", 1L), await stream.NextAsync() is var first ? (first.Type, first.Id) : default);
        await notifier.Bus.PublishAsync(Follow(bob, "bob", user));
        Assert.Equal(("notification", 2L), await stream.NextAsync() is var second ? (second.Type, second.Id) : default);

        using var client = notifier.Service.Client(user);
        var items = (await ListAsync(client)).Items;
        Assert.Equal(["bob", "ada"], items.Select(item => item.GetProperty("data").GetProperty("handle").GetString()));
        Assert.Equal([bob, ada], items.Select(item => item.GetProperty("data").GetProperty("userId").GetGuid()));
        // Nothing of the followers lies in the events.
        Assert.DoesNotContain(await notifier.Environment.QueryAsync<string>("notifier", "SELECT payload::text FROM events WHERE user_id = $1", user), payload => payload.Contains("ada", StringComparison.Ordinal));

        notifier.Clock.Advance(TimeSpan.FromDays(1));
        await notifier.Bus.PublishAsync(Follow(ada, "ada", user));
        await Eventually.GetAsync(() => CountAsync(user), count => count == 3);
    }

    [Fact]
    public async Task Two_who_follow_each_other_again_and_again_do_not_hold_each_other_up()
    {
        var (ada, bob) = (RunningNotifier.NewUser(), RunningNotifier.NewUser());
        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => notifier.Bus.PublishAsync(i % 2 == 0 ? Follow(ada, "ada", bob) : Follow(bob, "bob", ada))));
        await Eventually.GetAsync(async () => (await CountAsync(ada), await CountAsync(bob)), counts => counts == (1, 1));
        Assert.Empty(await notifier.Environment.PeekAsync("notifier-user-followed.dead"));
    }

    [Fact]
    public async Task Pages_come_newest_first_and_follow_each_other()
    {
        var user = RunningNotifier.NewUser();
        await FillAsync(user, 25);
        using var client = notifier.Service.Client(user);
        var (first, unread, next) = await ListAsync(client, "?limit=10");
        var (second, _, afterSecond) = await ListAsync(client, $"?limit=10&cursor={next}");
        var (third, _, end) = await ListAsync(client, $"?limit=10&cursor={afterSecond}&unread=true");
        Assert.Equal(Enumerable.Range(1, 25).Reverse().Select(id => (long)id), first.Concat(second).Concat(third).Select(item => item.GetProperty("id").GetInt64()));
        Assert.Equal((25, null), (unread, end));
    }

    [Fact]
    public async Task All_up_to_one_are_read_at_once_and_the_count_ends_at_a_hundred()
    {
        var user = RunningNotifier.NewUser();
        await FillAsync(user, 250);
        using var client = notifier.Service.Client(user);
        Assert.Equal(100, (await ListAsync(client)).Unread);
        Assert.Equal(HttpStatusCode.NoContent, (await client.PostAsJsonAsync("/api/notifications/read", new { upTo = 200 })).StatusCode);
        Assert.Equal(50, (await ListAsync(client)).Unread);
        Assert.Equal(50, (await ListAsync(client, "?unread=true&limit=100")).Items.Count);
    }

    [Fact]
    public async Task Of_more_than_a_thousand_the_oldest_go()
    {
        var user = RunningNotifier.NewUser();
        await FillAsync(user, 1005);
        await notifier.Bus.PublishAsync(new PhotoUnusable(Guid.NewGuid(), user, 1, "failed", "x", Now()));
        await Eventually.GetAsync(() => CountAsync(user), count => count == 1000);
        Assert.Equal([7L, 1007L], await notifier.Environment.QueryAsync<long>("notifier", "SELECT unnest(ARRAY[min(id), max(id)]) FROM notifications WHERE user_id = $1", user));
    }

    [Fact]
    public async Task A_list_that_has_not_changed_is_not_sent_again()
    {
        var user = RunningNotifier.NewUser();
        await FillAsync(user, 3);
        using var client = notifier.Service.Client(user);
        using var first = await client.GetAsync(new Uri("/api/notifications", UriKind.Relative));
        Assert.Equal("private, no-cache", string.Join(", ", first.Headers.CacheControl!.ToString().Split(", ").Order().Reverse()));
        client.DefaultRequestHeaders.IfNoneMatch.Add(first.Headers.ETag!);
        using var second = await client.GetAsync(new Uri("/api/notifications", UriKind.Relative));
        Assert.Equal((HttpStatusCode.NotModified, 0, first.Headers.ETag), (second.StatusCode, (await second.Content.ReadAsByteArrayAsync()).Length, second.Headers.ETag));
        await PostAsync(client, "/api/notifications/2/read");
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri("/api/notifications", UriKind.Relative))).StatusCode);
        client.DefaultRequestHeaders.IfNoneMatch.Clear();
        client.DefaultRequestHeaders.TryAddWithoutValidation("If-None-Match", "garbage, \"x");
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri("/api/notifications", UriKind.Relative))).StatusCode);
    }

    [Theory]
    [InlineData("GET", "/api/notifications?limit=0", null, "limit")]
    [InlineData("GET", "/api/notifications?limit=101", null, "limit")]
    [InlineData("GET", "/api/notifications?limit=x", null, "limit")]
    [InlineData("GET", "/api/notifications?cursor=-1", null, "cursor")]
    [InlineData("GET", "/api/notifications?cursor=99999999999999999999", null, "cursor")]
    [InlineData("GET", "/api/notifications?unread=perhaps", null, "unread")]
    [InlineData("POST", "/api/notifications/read", "{}", "upTo")]
    [InlineData("POST", "/api/notifications/read", "{\"upTo\":-5}", "upTo")]
    [InlineData("PUT", "/api/notifications/mail-preferences", "{\"followed\":true}", "photoProblems")]
    [InlineData("PUT", "/api/notifications/mail-preferences", "{\"photoProblems\":false}", "followed")]
    public async Task A_bad_request_names_its_field(string method, string path, string? body, string field)
    {
        using var client = notifier.Service.Client(RunningNotifier.NewUser());
        using var response = await SendAsync(client, method, path, body);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
    }

    [Theory]
    [InlineData("POST", "/api/notifications/read", "")]
    [InlineData("POST", "/api/notifications/read", "null")]
    [InlineData("POST", "/api/notifications/read", "{\"upTo\":\"x\"}")]
    [InlineData("POST", "/api/notifications/read", "{\"upTo\":1e99}")]
    [InlineData("PUT", "/api/notifications/mail-preferences", "[]")]
    [InlineData("PUT", "/api/notifications/mail-preferences", "{\"followed\":1,\"photoProblems\":true}")]
    public async Task A_body_that_is_none_is_a_bad_request(string method, string path, string body)
    {
        using var client = notifier.Service.Client(RunningNotifier.NewUser());
        using var response = await SendAsync(client, method, path, body);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Theory]
    [InlineData("/api/notifications/0/read")]
    [InlineData("/api/notifications/7/read")]
    [InlineData("/api/notifications/-7/read")]
    [InlineData("/api/notifications/x/read")]
    [InlineData("/api/notifications/99999999999999999999/read")]
    public async Task What_is_not_there_cannot_be_read(string path)
    {
        using var client = notifier.Service.Client(RunningNotifier.NewUser());
        Assert.Equal(HttpStatusCode.NotFound, await PostAsync(client, path));
    }

    [Fact]
    public async Task A_users_notifications_and_preferences_are_written_for_their_export()
    {
        var (user, export, ada) = (RunningNotifier.NewUser(), Guid.NewGuid(), RunningNotifier.NewUser());
        var written = await notifier.Bus.ListenAsync<ExportPartWritten>();
        using var client = notifier.Service.Client(user);
        await client.PutAsJsonAsync("/api/notifications/mail-preferences", new { followed = false, photoProblems = true });
        await notifier.Bus.PublishAsync(Follow(ada, "ada", user));
        await Eventually.GetAsync(() => CountAsync(user), count => count == 1);

        var id = Guid.CreateVersion7();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => notifier.Bus.PublishAsync(new ExportRequested(export, user, Now()), id)));
        Assert.Equal(new ExportPartWritten(export, user, "notifier", $"exports/{export}/notifier/manifest.json"), (await written.NextAsync()).Message);
        var manifest = await ReadAsync<ExportManifest>($"exports/{export}/notifier/manifest.json");
        Assert.Equal(["notifications.json", "notification-preferences.json"], manifest.Files.Select(file => file.Path));
        var notifications = await ReadAsync<JsonElement>(manifest.Files[0].Key);
        Assert.Equal("ada", Assert.Single(notifications.EnumerateArray()).GetProperty("data").GetProperty("handle").GetString());
        var preferences = (await ReadAsync<JsonElement>(manifest.Files[1].Key)).GetProperty("mail");
        Assert.Equal((false, true), (preferences.GetProperty("followed").GetBoolean(), preferences.GetProperty("photoProblems").GetBoolean()));

        // Of all deliveries one was told of.
        await notifier.Bus.PublishAsync(new ExportRequested(Guid.Empty, user, Now()));
        Assert.Equal(Guid.Empty, (await written.NextAsync()).Message.ExportId);
    }

    private static UserFollowed Follow(Guid follower, string handle, Guid followee) => new(follower, handle, $"{handle} Example", followee, Now());

    private static DateTimeOffset Now() => TimeProvider.System.GetUtcNow();

    private static async Task<(List<JsonElement> Items, int Unread, string? Next)> ListAsync(HttpClient client, string query = "")
    {
        var page = await client.GetFromJsonAsync<JsonElement>($"/api/notifications{query}");
        return ([.. page.GetProperty("items").EnumerateArray()], page.GetProperty("unread").GetInt32(), page.GetProperty("next").GetString());
    }

    private static async Task<HttpStatusCode> PostAsync(HttpClient client, string path)
    {
        using var response = await client.PostAsync(new Uri(path, UriKind.Relative), null);
        return response.StatusCode;
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, string method, string path, string? body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Parse(method), path);
        if (body is not null)
            request.Content = new StringContent(body, new MediaTypeHeaderValue("application/json"));
        return await client.SendAsync(request);
    }

    private async Task<T> ReadAsync<T>(string key) =>
        JsonSerializer.Deserialize<T>(await File.ReadAllBytesAsync(Path.Combine(notifier.Environment.Folder, "blobs", key)), JsonSerializerOptions.Web)!;

    private async Task<long> CountAsync(Guid user) => (await notifier.Environment.QueryAsync<long>("notifier", "SELECT count(*) FROM notifications WHERE user_id = $1", user))[0];

    private async Task FillAsync(Guid user, int count) => await notifier.Environment.QueryAsync<int>("notifier", string.Create(CultureInfo.InvariantCulture, $$"""
        INSERT INTO event_counters (user_id, last_seq) VALUES ('{{user}}', {{count}});
        INSERT INTO notifications (user_id, id, type, payload, at) SELECT '{{user}}', n, 'photo-failed', '{}', now() FROM generate_series(1, {{count}}) AS n;
        """));
}

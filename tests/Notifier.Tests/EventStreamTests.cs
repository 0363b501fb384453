using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using PhotoPlatform.Contracts;
using PhotoPlatform.Notifier.Events;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Notifier.Tests;

public sealed class EventStreamTests(RunningNotifier notifier) : IClassFixture<RunningNotifier>
{
    [Fact]
    public async Task What_happens_to_ones_photos_arrives_in_the_stream()
    {
        var (user, photo) = (RunningNotifier.NewUser(), Guid.NewGuid());
        using var stream = await EventStream.OpenAsync(notifier.Service, user);
        Assert.Equal("text/event-stream", stream.Response.Content.Headers.ContentType!.ToString());
        Assert.Equal("no-store", stream.Response.Headers.CacheControl!.ToString().Split(", ").First(value => value == "no-store"));
        Assert.Equal("no", Assert.Single(stream.Response.Headers.GetValues("X-Accel-Buffering")));
        Assert.Equal(0, stream.StartId);

        await notifier.Bus.PublishAsync(new PhotoUploaded(photo, user, "image/jpeg", 1000, 40, 30, Now()));
        Assert.Equal(("photo-uploaded", 1L), await stream.NextAsync() is var uploaded ? (uploaded.Type, uploaded.Id) : default);
        Assert.Equal(photo, PhotoOf(uploaded));

        await notifier.Bus.PublishAsync(Ready(user, photo));
        Assert.Equal(("photo-ready", 2L), await stream.NextAsync() is var ready ? (ready.Type, ready.Id) : default);
        Assert.Equal(photo, JsonSerializer.Deserialize<JsonElement>(ready.Data).GetProperty("photoId").GetGuid());

        await notifier.Bus.PublishAsync(new PhotoUnusable(photo, user, 1, "rejected", "truncated", Now()));
        Assert.Equal(("photo-rejected", 3L), await stream.NextAsync() is var rejected ? (rejected.Type, rejected.Id) : default);
        Assert.Equal("truncated", JsonSerializer.Deserialize<JsonElement>(rejected.Data).GetProperty("reason").GetString());

        Assert.Equal(("notification", 4L, "{\"id\": 4, \"type\": \"photo-rejected\"}"), await stream.NextAsync() is var told ? (told.Type, told.Id, told.Data) : default);

        await notifier.Bus.PublishAsync(new PhotoUnusable(photo, user, 1, "failed", "retries-exhausted", Now()));
        Assert.Equal("photo-failed", await stream.NextTypeAsync());
        Assert.Equal("notification", await stream.NextTypeAsync());
        await notifier.Bus.PublishAsync(new PhotoDeleted(photo, user, $"originals/{photo}", Now()));
        Assert.Equal(("photo-deleted", 7L), await stream.NextAsync() is var deleted ? (deleted.Type, deleted.Id) : default);
    }

    [Fact]
    public async Task Ids_count_each_users_events_and_nobody_sees_anothers()
    {
        Guid[] users = [RunningNotifier.NewUser(), RunningNotifier.NewUser(), RunningNotifier.NewUser()];
        var streams = await Task.WhenAll(users.Select(user => EventStream.OpenAsync(notifier.Service, user)));
        var photos = users.ToDictionary(user => user, _ => Enumerable.Range(0, 20).Select(_ => Guid.NewGuid()).ToHashSet());
        await Task.WhenAll(photos.SelectMany(pair => pair.Value.Select(photo => notifier.Bus.PublishAsync(Ready(pair.Key, photo)))));
        for (var i = 0; i < users.Length; i++)
        {
            using var stream = streams[i];
            for (var id = 1; id <= 20; id++)
            {
                var next = await stream.NextAsync();
                Assert.Equal(id, next.Id);
                Assert.True(photos[users[i]].Remove(PhotoOf(next)));
            }
        }
    }

    [Fact]
    public async Task A_message_delivered_often_is_one_event()
    {
        var (user, photo, id) = (RunningNotifier.NewUser(), Guid.NewGuid(), Guid.CreateVersion7());
        using var stream = await EventStream.OpenAsync(notifier.Service, user);
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => notifier.Bus.PublishAsync(Ready(user, photo), id)));
        Assert.Equal(photo, PhotoOf(await stream.NextAsync()));
        await notifier.Bus.PublishAsync(Ready(user, Guid.Empty));
        Assert.Equal((2L, Guid.Empty), await stream.NextAsync() is var marker ? (marker.Id, PhotoOf(marker)) : default);
    }

    [Fact]
    public async Task A_stream_resumes_after_the_last_id_without_loss_or_repetition()
    {
        var user = RunningNotifier.NewUser();
        using (var first = await EventStream.OpenAsync(notifier.Service, user))
        {
            for (var i = 1; i <= 3; i++)
            {
                await notifier.Bus.PublishAsync(Ready(user, Guid.NewGuid()));
                Assert.Equal(i, (await first.NextAsync()).Id);
            }
        }
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => notifier.Bus.PublishAsync(Ready(user, Guid.NewGuid()))));

        using var resumed = await EventStream.OpenAsync(notifier.Service, user, "2");
        Assert.Equal(2, resumed.StartId);
        for (var i = 3; i <= 8; i++)
            Assert.Equal(i, (await resumed.NextAsync()).Id);
        await notifier.Bus.PublishAsync(Ready(user, Guid.NewGuid()));
        Assert.Equal(9, (await resumed.NextAsync()).Id);
    }

    [Fact]
    public async Task A_long_absence_is_made_up_for_in_order()
    {
        var user = RunningNotifier.NewUser();
        await notifier.AppendAsync(user, 350);
        using var stream = await EventStream.OpenAsync(notifier.Service, user, "0");
        for (var i = 1; i <= 350; i++)
            Assert.Equal(i, (await stream.NextAsync()).Id);
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("99999999999999999999")]
    [InlineData(null)]
    public async Task Without_a_usable_last_id_a_stream_begins_now(string? lastEventId)
    {
        var user = RunningNotifier.NewUser();
        await notifier.AppendAsync(user, 3);
        using var stream = await EventStream.OpenAsync(notifier.Service, user, lastEventId);
        Assert.Equal(3, stream.StartId);
        await notifier.Bus.PublishAsync(Ready(user, Guid.NewGuid()));
        Assert.Equal(4, (await stream.NextAsync()).Id);
    }

    [Fact]
    public async Task A_client_that_cannot_set_headers_resumes_by_the_query_and_the_header_comes_first()
    {
        var user = RunningNotifier.NewUser();
        await notifier.AppendAsync(user, 5);
        using var byQuery = await EventStream.OpenAsync(notifier.Service, user, query: "?lastEventId=3");
        Assert.Equal((3, 4), (byQuery.StartId, (await byQuery.NextAsync()).Id));
        using var both = await EventStream.OpenAsync(notifier.Service, user, "4", query: "?lastEventId=1");
        Assert.Equal((4, 5), (both.StartId, (await both.NextAsync()).Id));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("6")]
    [InlineData("1000")]
    [InlineData("9000000000000000000")]
    public async Task Where_events_are_missing_or_the_id_was_never_given_the_client_is_told_to_start_anew(string lastEventId)
    {
        var user = RunningNotifier.NewUser();
        await notifier.AppendAsync(user, 10);
        await notifier.Environment.QueryAsync<int>("notifier", "DELETE FROM events WHERE user_id = $1 AND seq <= 7", user);
        using (var stream = await EventStream.OpenAsync(notifier.Service, user, lastEventId))
        {
            // A connection that breaks before the reset must come back to it.
            Assert.Equal(lastEventId, stream.StartId.ToString(CultureInfo.InvariantCulture));
            Assert.Equal(("reset", 10L), await stream.NextAsync() is var reset ? (reset.Type, reset.Id) : default);
            await notifier.Bus.PublishAsync(Ready(user, Guid.NewGuid()));
            Assert.Equal(("photo-ready", 11L), await stream.NextAsync() is var next ? (next.Type, next.Id) : default);
        }
        using var whole = await EventStream.OpenAsync(notifier.Service, user, "7");
        Assert.Equal(("photo-ready", 8L), await whole.NextAsync() is var first ? (first.Type, first.Id) : default);
        await notifier.Environment.QueryAsync<int>("notifier", "DELETE FROM events WHERE user_id = $1", user);
        using var none = await EventStream.OpenAsync(notifier.Service, user, "7");
        Assert.Equal(("reset", 11L), await none.NextAsync() is var gone ? (gone.Type, gone.Id) : default);
    }

    [Fact]
    public async Task Several_streams_of_one_user_get_the_same()
    {
        var user = RunningNotifier.NewUser();
        var streams = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => EventStream.OpenAsync(notifier.Service, user)));
        streams[0].Dispose();
        await notifier.Bus.PublishAsync(Ready(user, Guid.NewGuid()));
        foreach (var stream in streams[1..])
        {
            Assert.Equal(1, (await stream.NextAsync()).Id);
            stream.Dispose();
        }
    }

    [Fact]
    public async Task An_event_taken_by_one_replica_wakes_the_streams_of_the_other()
    {
        await using var other = await notifier.StartAsync();
        var user = RunningNotifier.NewUser();
        using var here = await EventStream.OpenAsync(notifier.Service, user);
        using var there = await EventStream.OpenAsync(other, user);
        var watch = Stopwatch.StartNew();
        for (var i = 1; i <= 10; i++)
        {
            await notifier.Bus.PublishAsync(Ready(user, Guid.NewGuid()));
            Assert.Equal((i, i), (await here.NextAsync()).Id is var first ? (first, (await there.NextAsync()).Id) : default);
        }
        // Each event is taken by one of the two; by polling alone the other would see each of them 5 s late.
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(25), $"{watch.Elapsed}");
    }

    [Fact]
    public async Task A_quiet_stream_has_a_heartbeat()
    {
        var user = RunningNotifier.NewUser();
        using var stream = await EventStream.OpenAsync(notifier.Service, user);
        notifier.Clock.Advance(TimeSpan.FromSeconds(15));
        notifier.Service.Services.GetRequiredService<EventStreams>().Announce(user);
        Assert.Equal([": heartbeat"], await stream.BlockAsync());
    }

    [Fact]
    public async Task A_stopping_service_ends_its_streams_at_once()
    {
        var stopping = await notifier.StartAsync();
        using var stream = await EventStream.OpenAsync(stopping, RunningNotifier.NewUser());
        var stopped = stopping.DisposeAsync();
        Assert.Null(await stream.BlockAsync());
        await stopped;
    }

    [Fact]
    public async Task Without_an_identity_every_endpoint_but_the_probes_refuses_and_an_anonymous_caller_has_no_stream()
    {
        using var client = notifier.Service.ClientWithoutIdentity();
        foreach (var endpoint in notifier.Service.Endpoints)
        {
            var method = endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods[0] ?? "GET";
            using var request = new HttpRequestMessage(HttpMethod.Parse(method), endpoint.RoutePattern.RawText!.Replace("{id:long}", "1", StringComparison.Ordinal));
            using var response = await client.SendAsync(request);
            Assert.Equal(endpoint.RoutePattern.RawText is "/health" or "/alive" ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, response.StatusCode);
        }
        using var anonymous = notifier.Service.Client();
        foreach (var path in new[] { "/api/events", "/api/notifications", "/api/notifications/mail-preferences" })
        {
            using var refused = await anonymous.GetAsync(new Uri(path, UriKind.Relative));
            Assert.Equal((HttpStatusCode.Unauthorized, "application/problem+json"), (refused.StatusCode, refused.Content.Headers.ContentType!.MediaType));
        }
    }

    private static PhotoReady Ready(Guid user, Guid photo) => new(photo, user, 1, null, Now());

    private static Guid PhotoOf(StreamedEvent streamed) => JsonSerializer.Deserialize<JsonElement>(streamed.Data).GetProperty("photoId").GetGuid();

    private static DateTimeOffset Now() => TimeProvider.System.GetUtcNow();
}

using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using PhotoPlatform.Contracts;
using PhotoPlatform.Media.Deletions;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Media.Tests;

public sealed class DeletionTests(RunningMedia media) : IClassFixture<RunningMedia>
{
    [Fact]
    public async Task Deleted_photos_are_gone_at_once_and_undone_they_are_back_as_they_were()
    {
        using var owner = media.NewOwner();
        using var anonymous = media.Service.Client();
        var photos = new[] { await owner.ReadyPhotoAsync("?visibility=public"), await owner.ReadyPhotoAsync("?title=private") };
        var kept = await owner.UploadAsync();
        var handle = await owner.RegisterAsync();
        var before = await RowsAsync(owner);

        var (id, count, undoUntil) = await DeleteAsync(owner, [photos[0].Id, photos[1].Id, photos[0].Id]);
        Assert.Equal(2, count);
        Assert.InRange(undoUntil - media.Clock.GetUtcNow(), TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Assert.Equal([kept], (await owner.PageAsync("/api/photos")).Items.Select(photo => photo.Id));
        Assert.Empty((await owner.PageAsync($"/api/users/{handle}/photos")).Items);
        foreach (var photo in photos)
        {
            foreach (var path in new[] { $"/api/photos/{photo.Id}", $"/api/users/{handle}/photos/{photo.Id}", photo.UrlOf("large") })
                await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await owner.GetAsync(path), path);
            await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await owner.PatchAsync(photo.Id, new { title = "x" }));
            await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await owner.DeleteAsync(photo.Id));
            await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await owner.Http.PostAsync(new Uri($"/api/photos/{photo.Id}/retries", UriKind.Relative), null));
            Assert.Equal(5, media.FilesOf(photo.Id).Count);
        }

        using var undone = await UndoAsync(owner, id);
        Assert.Equal(HttpStatusCode.NoContent, undone.StatusCode);
        Assert.Equal(before, await RowsAsync(owner));
        foreach (var photo in photos)
        {
            Assert.Equivalent(photo, await owner.GetAsync(photo.Id));
            using var bytes = await anonymous.GetAsync(new Uri(photo.UrlOf("large"), UriKind.Relative));
            Assert.Equal(HttpStatusCode.OK, bytes.StatusCode);
        }
        await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await UndoAsync(owner, id));

        // The command that was sent for it finds nothing to do.
        await media.DeliverOftenAsync(PurgePhotos.Queue, new PurgePhotos(id), isCommand: true);
        Assert.Equal(before, await RowsAsync(owner));
    }

    [Fact]
    public async Task After_ten_seconds_photos_blobs_and_quota_are_released_and_each_photo_is_told_once()
    {
        using var owner = media.NewOwner();
        var photos = new[] { await owner.ReadyPhotoAsync(), await owner.ReadyPhotoAsync() };
        var kept = await owner.ReadyPhotoAsync();
        await SetQuotaAsync(owner, 3, 3L * RunningMedia.Jpeg.Length);
        var deletion = await DeleteAsync(owner, photos.Select(photo => photo.Id));

        await Eventually.GetAsync(owner.RowsAsync, rows => rows.SequenceEqual([kept.Id]));
        Assert.True(media.Clock.GetUtcNow() >= deletion.UndoUntil);
        await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await UndoAsync(owner, deletion.Id));
        Assert.Equal([(1, (long)RunningMedia.Jpeg.Length)], await QuotaAsync(owner));
        await Eventually.GetAsync(() => Task.FromResult(photos.Sum(photo => media.FilesOf(photo.Id).Count)), files => files == 0);
        Assert.Equal(5, media.FilesOf(kept.Id).Count);

        // The command again, often: told once all the same.
        await media.DeliverOftenAsync(PurgePhotos.Queue, new PurgePhotos(deletion.Id), isCommand: true);
        Assert.Equal([1L], await media.Environment.QueryAsync<long>("media", "SELECT count(*) FROM photos WHERE owner_id = $1", owner.Id));
        Assert.Equal([(1, (long)RunningMedia.Jpeg.Length)], await QuotaAsync(owner));
    }

    [Fact]
    public async Task One_id_that_is_not_ones_own_and_nothing_is_deleted()
    {
        using var owner = media.NewOwner();
        using var stranger = media.NewOwner();
        var own = await owner.UploadAsync();
        var hidden = await owner.UploadAsync();
        await DeleteAsync(owner, [hidden]);
        foreach (var other in new[] { await stranger.UploadAsync("?visibility=public"), Guid.NewGuid(), Guid.Empty, hidden })
        {
            var problem = await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await PostAsync(owner, new { ids = new[] { own, other } }));
            Assert.DoesNotContain(other.ToString(), problem.GetRawText(), StringComparison.Ordinal);
        }
        Assert.Equal("pending", (await owner.GetAsync(own)).State);
    }

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"ids":null}""")]
    [InlineData("""{"ids":[]}""")]
    [InlineData("101")]
    [InlineData("""{"ids":["x"]}""")]
    [InlineData("""{"ids":[null]}""")]
    [InlineData("""{"ids":"all"}""")]
    [InlineData("""[]""")]
    [InlineData("""null""")]
    [InlineData("")]
    public async Task A_bad_list_of_ids_is_a_bad_request(string body)
    {
        using var owner = media.NewOwner();
        using var content = new StringContent(body == "101" ? JsonSerializer.Serialize(new { ids = Enumerable.Range(0, 101).Select(_ => Guid.NewGuid()) }) : body, System.Text.Encoding.UTF8, "application/json");
        await RunningMedia.AssertProblemAsync(HttpStatusCode.BadRequest, await owner.Http.PostAsync(new Uri("/api/photos/deletions", UriKind.Relative), content));
    }

    [Fact]
    public async Task A_hundred_photos_go_at_once_and_somebody_elses_deletion_cannot_be_undone()
    {
        using var owner = media.NewOwner();
        using var stranger = media.NewOwner();
        var photos = await media.SeedAsync(owner.Id, 100);
        var deletion = await DeleteAsync(owner, photos);
        await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await UndoAsync(stranger, deletion.Id));
        Assert.Empty((await owner.PageAsync("/api/photos")).Items);
        using var undone = await UndoAsync(owner, deletion.Id);
        Assert.Equal(photos.Count, (await owner.PageAsync("/api/photos?limit=100")).Items.Count);
    }

    [Fact]
    public async Task Of_deletions_that_overlap_at_once_one_has_each_photo()
    {
        using var owner = media.NewOwner();
        for (var round = 0; round < 5; round++)
        {
            var photos = await media.SeedAsync(owner.Id, 20);
            var answers = await Task.WhenAll(
                PostAsync(owner, new { ids = photos }), PostAsync(owner, new { ids = Enumerable.Reverse(photos) }), PostAsync(owner, new { ids = photos.Take(10) }), owner.DeleteAsync(photos[5]), owner.DeleteAsync(photos[15]));
            Assert.All(answers, answer => Assert.True(answer.StatusCode is HttpStatusCode.Accepted or HttpStatusCode.NotFound or HttpStatusCode.NoContent, $"{answer.StatusCode}"));
            var hidden = await media.Environment.QueryAsync<long>("media", "SELECT count(*) FROM photos WHERE owner_id = $1 AND id = ANY($2) AND deletion_id IS NOT NULL", owner.Id, photos.ToArray());
            Assert.Contains(hidden[0], new long[] { 0, 9, 10, 18, 20 });
        }
    }

    [Fact]
    public async Task A_photo_that_becomes_ready_while_it_is_hidden_is_ready_when_it_is_back()
    {
        using var owner = media.NewOwner();
        var photo = await owner.UploadAsync();
        var deletion = await DeleteAsync(owner, [photo]);
        await media.Bus.PublishAsync(media.Render(photo));
        await RunningMedia.NextAsync(media.Ready, ready => ready.PhotoId, photo);
        using var undone = await UndoAsync(owner, deletion.Id);
        Assert.Equal(("ready", 4), (await owner.GetAsync(photo)) is var view ? (view.State, view.Renditions.Count) : default);
    }

    [Fact]
    public async Task A_single_deletion_releases_its_quota_and_never_more_than_there_is()
    {
        using var owner = media.NewOwner();
        var (first, second) = (await owner.UploadAsync(), await owner.UploadAsync());
        await SetQuotaAsync(owner, 1, 5);
        using var one = await owner.DeleteAsync(first);
        using var two = await owner.DeleteAsync(second);
        Assert.Equal([(0, 0L)], await QuotaAsync(owner));
    }

    internal static async Task<(Guid Id, int Photos, DateTimeOffset UndoUntil)> DeleteAsync(Owner owner, IEnumerable<Guid> ids)
    {
        using var response = await PostAsync(owner, new { ids });
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        var answer = await response.Content.ReadFromJsonAsync<DeletionView>();
        Assert.Equal($"/api/photos/deletions/{answer!.Id}", response.Headers.Location!.ToString());
        return (answer.Id, answer.Photos, answer.UndoUntil);
    }

    internal static Task<HttpResponseMessage> UndoAsync(Owner owner, Guid deletion) => owner.Http.DeleteAsync(new Uri($"/api/photos/deletions/{deletion}", UriKind.Relative));

    private static Task<HttpResponseMessage> PostAsync(Owner owner, object body) => owner.Http.PostAsJsonAsync("/api/photos/deletions", body);

    private Task<List<string>> RowsAsync(Owner owner) => media.Environment.QueryAsync<string>("media", "SELECT to_jsonb(photos)::text FROM photos WHERE owner_id = $1 ORDER BY id", owner.Id);

    private Task<List<int>> SetQuotaAsync(Owner owner, int photos, long bytes) => media.Environment.QueryAsync<int>("media",
        "INSERT INTO owners (user_id, photos, bytes) VALUES ($1, $2, $3) ON CONFLICT (user_id) DO UPDATE SET photos = $2, bytes = $3 RETURNING 1", owner.Id, photos, bytes);

    private async Task<List<(int, long)>> QuotaAsync(Owner owner) =>
        [.. (await media.Environment.QueryAsync<int>("media", "SELECT photos FROM owners WHERE user_id = $1", owner.Id)).Zip(await media.Environment.QueryAsync<long>("media", "SELECT bytes FROM owners WHERE user_id = $1", owner.Id))];

    private sealed record DeletionView(Guid Id, int Photos, DateTimeOffset UndoUntil);
}

/// <summary>Deletions on a clock that the tests put forward: each of them owns its service.</summary>
public sealed class DeletionTimeTests : IAsyncLifetime
{
    private readonly RunningMedia _media = new();

    public ValueTask InitializeAsync() => _media.InitializeAsync();

    public ValueTask DisposeAsync() => _media.DisposeAsync();

    [Fact]
    public async Task When_the_time_is_over_it_cannot_be_undone()
    {
        using var owner = _media.NewOwner();
        var photo = await owner.UploadAsync();
        var deletion = await DeletionTests.DeleteAsync(owner, [photo]);
        _media.Clock.Advance(TimeSpan.FromSeconds(10));
        await RunningMedia.AssertProblemAsync(HttpStatusCode.Gone, await DeletionTests.UndoAsync(owner, deletion.Id));
        await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await owner.GetAsync($"/api/photos/{photo}"));
    }

    [Fact]
    public async Task A_command_that_comes_too_early_waits_for_the_time_to_undo()
    {
        using var owner = _media.NewOwner();
        var photo = await owner.UploadAsync();
        var deletion = await DeletionTests.DeleteAsync(owner, [photo]);
        await _media.DeliverOftenAsync(PurgePhotos.Queue, new PurgePhotos(deletion.Id), isCommand: true);
        using var undone = await DeletionTests.UndoAsync(owner, deletion.Id);
        Assert.Equal((HttpStatusCode.NoContent, photo), (undone.StatusCode, (await owner.GetAsync(photo)).Id));
    }

    [Fact]
    public async Task Of_undo_and_purge_at_once_on_two_replicas_exactly_one_wins()
    {
        await using var replica = await _media.StartReplicaAsync();
        var outcomes = new List<bool>();
        for (var round = 0; round < 20; round++)
        {
            using var owner = _media.NewOwner();
            var photos = await _media.SeedAsync(owner.Id, 5);
            var deletion = await DeletionTests.DeleteAsync(owner, photos);
            // So that the last moment to undo and the first to purge come while both are under way.
            _media.Clock.Advance(deletion.UndoUntil - _media.Clock.GetUtcNow() - TimeSpan.FromMilliseconds(round));
            using var there = replica.Client(owner.Id);
            var undo = there.DeleteAsync(new Uri($"/api/photos/deletions/{deletion.Id}", UriKind.Relative));
            await Task.WhenAll(undo, _media.DeliverOftenAsync(PurgePhotos.Queue, new PurgePhotos(deletion.Id), isCommand: true));
            using var answer = await undo;

            var isUndone = answer.StatusCode == HttpStatusCode.NoContent;
            Assert.True(isUndone || answer.StatusCode is HttpStatusCode.Gone or HttpStatusCode.NotFound, $"{answer.StatusCode}");
            // One that came a moment too early is sent again by the database's clock, which here is behind by all that the test has put forward.
            if (!isUndone)
                await _media.DeliverOftenAsync(PurgePhotos.Queue, new PurgePhotos(deletion.Id), isCommand: true);
            await Eventually.GetAsync(() => _media.Environment.QueryAsync<long>("media", "SELECT count(*) FROM deletions WHERE id = $1", deletion.Id), rows => rows[0] == 0);
            Assert.Equal(isUndone ? [.. photos.Order()] : [], (await owner.RowsAsync()).Order());
            Assert.Equal(isUndone ? 5 : 0, (await owner.PageAsync("/api/photos")).Items.Count);
            var told = await _media.DeletedSoFarAsync();
            Assert.Equal(isUndone ? [] : [.. photos.Order()], told.Select(one => one.PhotoId).Order());
            outcomes.Add(isUndone);
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"undone: {outcomes.Count(undone => undone)} of {outcomes.Count}");
    }

    [Fact]
    public async Task A_restart_in_between_changes_nothing()
    {
        using var owner = _media.NewOwner();
        var photo = await owner.ReadyPhotoAsync();
        var deletion = await DeletionTests.DeleteAsync(owner, [photo.Id]);
        await _media.Service.DisposeAsync();
        Assert.Equal([photo.Id], await owner.RowsAsync());

        _media.Clock.Advance(TimeSpan.FromSeconds(10));
        await using var restarted = await _media.StartReplicaAsync();
        using var there = restarted.Client(owner.Id);
        await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await there.GetAsync(new Uri($"/api/photos/{photo.Id}", UriKind.Relative)));
        await Eventually.GetAsync(owner.RowsAsync, rows => rows.Count == 0);
        await Eventually.GetAsync(() => Task.FromResult(_media.FilesOf(photo.Id)), files => files.Count == 0);
        Assert.Empty(await _media.Environment.QueryAsync<Guid>("media", "SELECT id FROM deletions WHERE id = $1", deletion.Id));
    }
}

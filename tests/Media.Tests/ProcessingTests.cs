using System.Net;
using PhotoPlatform.Contracts;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Media.Tests;

public sealed class ProcessingTests(RunningMedia media) : IClassFixture<RunningMedia>
{
    [Fact]
    public async Task A_processed_photo_is_ready_with_its_renditions()
    {
        using var owner = media.NewOwner();
        var photo = await owner.ReadyPhotoAsync();

        Assert.Equal(("ready", null, 64, 48, "LEHV6nWB2yk8pyo0adR*.7kCMdnj"), (photo.State, photo.Reason, photo.Width, photo.Height, photo.Placeholder));
        Assert.Equal([("thumb", 48), ("small", 64), ("medium", 64), ("large", 64)], photo.Renditions.Select(rendition => (rendition.Name, rendition.Width)));
        Assert.All(photo.Renditions, rendition =>
        {
            Assert.StartsWith($"/media/{photo.Id}/1/1/{rendition.Name}.webp?exp=", rendition.Url, StringComparison.Ordinal);
            Assert.Equal(("image/webp", RunningMedia.BytesOf(rendition.Name).Length), (rendition.ContentType, (int)rendition.Bytes));
        });
    }

    [Fact]
    public async Task A_result_that_comes_often_has_one_effect()
    {
        using var owner = media.NewOwner();
        var photo = await owner.UploadAsync();
        var processed = media.Render(photo);
        var id = Guid.CreateVersion7();
        var others = Enumerable.Range(0, 8).Select(_ => Guid.CreateVersion7()).ToArray();
        // The same message again and again, and the same result under other ids.
        foreach (var other in others)
        {
            await media.Bus.PublishAsync(processed, id);
            await media.Bus.PublishAsync(processed, other);
        }

        var ready = await RunningMedia.NextAsync(media.Ready, message => message.PhotoId, photo);
        Assert.Equal((owner.Id, 1), (ready.OwnerId, ready.Version));
        await BarrierAsync(photo);
        Assert.Equal(4, (await owner.GetAsync(photo)).Renditions.Count);
        // Once the message that came eight times, and each of its other ids.
        await Eventually.GetAsync(() => media.Environment.QueryAsync<Guid>("media", "SELECT message_id FROM inbox WHERE consumer = 'media-photo-processed' AND message_id = ANY($1)", (Guid[])[id, .. others]),
            ids => ids.Order().SequenceEqual(others.Append(id).Order()));
        Assert.Empty(await media.Environment.PeekAsync("media-photo-processed.dead"));
    }

    [Theory]
    [InlineData("rejected", "truncated")]
    [InlineData("failed", "retries-exhausted")]
    public async Task A_photo_that_cannot_be_shown_says_why(string state, string reason)
    {
        using var owner = media.NewOwner();
        var photo = await owner.UploadAsync();
        object message = state == "rejected" ? new PhotoRejected(photo, 1, reason) : new PhotoProcessingFailed(photo, 1, reason);
        var id = Guid.CreateVersion7();
        await media.Bus.PublishAsync(message, id);
        await media.Bus.PublishAsync(message, id);

        var told = await RunningMedia.NextAsync(media.Unusable, unusable => unusable.PhotoId, photo);
        Assert.Equal((owner.Id, 1, state, reason), (told.OwnerId, told.Version, told.State, told.Reason));
        var view = await owner.GetAsync(photo);
        Assert.Equal((state, reason), (view.State, view.Reason));
        Assert.Empty(view.Renditions);
    }

    [Fact]
    public async Task A_replay_makes_a_failed_photo_ready_and_a_late_failure_changes_nothing()
    {
        using var owner = media.NewOwner();
        var photo = await owner.UploadAsync();
        await media.Bus.PublishAsync(new PhotoProcessingFailed(photo, 1, "retries-exhausted"));
        await RunningMedia.NextAsync(media.Unusable, unusable => unusable.PhotoId, photo);

        await media.Bus.PublishAsync(media.Render(photo));
        await RunningMedia.NextAsync(media.Ready, ready => ready.PhotoId, photo);
        var view = await owner.GetAsync(photo);
        Assert.Equal(("ready", null, 4), (view.State, view.Reason, view.Renditions.Count));

        await media.Bus.PublishAsync(new PhotoProcessingFailed(photo, 1, "late"));
        await media.Bus.PublishAsync(new PhotoRejected(photo, 1, "late"));
        using var other = media.NewOwner();
        var last = await other.UploadAsync();
        await media.Bus.PublishAsync(new PhotoRejected(last, 1, "marker"));
        await media.Bus.PublishAsync(new PhotoProcessingFailed(last, 1, "marker"));
        Assert.Equal(last, (await media.Unusable.NextAsync()).Message.PhotoId);
        Assert.Equal("ready", (await owner.GetAsync(photo)).State);
    }

    [Fact]
    public async Task A_rejected_photo_stays_rejected_and_another_versions_result_is_none()
    {
        using var owner = media.NewOwner();
        var photo = await owner.UploadAsync();
        await media.Bus.PublishAsync(media.Render(photo) with { Version = 2 });
        await media.Bus.PublishAsync(new PhotoRejected(photo, 1, "corrupt"));
        await RunningMedia.NextAsync(media.Unusable, unusable => unusable.PhotoId, photo);
        await media.Bus.PublishAsync(media.Render(photo));
        await BarrierAsync(photo);
        Assert.Equal("rejected", (await owner.GetAsync(photo)).State);
    }

    [Fact]
    public async Task Success_and_failure_at_once_never_leave_a_ready_photo_failed()
    {
        using var owner = media.NewOwner();
        for (var i = 0; i < 10; i++)
        {
            var photo = await owner.UploadAsync();
            await Task.WhenAll(media.Bus.PublishAsync(new PhotoProcessingFailed(photo, 1, "delivery-limit")), media.Bus.PublishAsync(media.Render(photo)));
            await RunningMedia.NextAsync(media.Ready, ready => ready.PhotoId, photo);
            Assert.Equal("ready", (await owner.GetAsync(photo)).State);
        }
        await BarrierAsync();
        Assert.All(await media.Environment.QueryAsync<string>("media", "SELECT state FROM photos WHERE owner_id = $1", owner.Id), state => Assert.Equal("Ready", state));
    }

    [Fact]
    public async Task A_result_for_a_deleted_photo_leaves_no_blob_and_no_row()
    {
        using var owner = media.NewOwner();
        var photo = await owner.UploadAsync();
        using (var deleted = await owner.DeleteAsync(photo))
            Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        await Eventually.GetAsync(() => Task.FromResult(media.Files()), files => !files.Contains($"originals/{photo}"));

        await media.Bus.PublishAsync(media.Render(photo));
        await Eventually.GetAsync(() => Task.FromResult(media.Files()), files => !files.Any(file => file.Contains(photo.ToString(), StringComparison.Ordinal)));
        Assert.False(Directory.Exists(Path.Combine(media.Blobs, "renditions", photo.ToString())));
        Assert.Equal([0L], await media.Environment.QueryAsync<long>("media", "SELECT count(*) FROM renditions WHERE photo_id = $1", photo));
        await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await owner.GetAsync($"/api/photos/{photo}"));
    }

    [Fact]
    public async Task A_deletion_that_comes_often_and_at_once_removes_the_blobs_of_that_photo_alone()
    {
        using var owner = media.NewOwner();
        var (gone, kept) = (await owner.ReadyPhotoAsync(), await owner.ReadyPhotoAsync());
        Assert.NotEmpty(media.FilesOf(gone.Id));
        using (var deleted = await owner.DeleteAsync(gone.Id))
            Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        await media.DeliverOftenAsync("media-photo-deleted", new PhotoDeleted(gone.Id, owner.Id, $"originals/{gone.Id}", DateTimeOffset.UnixEpoch));

        await Eventually.GetAsync(() => Task.FromResult(media.FilesOf(gone.Id)), files => files.Count == 0);
        Assert.Equal(5, media.FilesOf(kept.Id).Count);
        Assert.Equal("ready", (await owner.GetAsync(kept.Id)).State);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_failure_of_a_deleted_photo_leaves_no_blob(bool isRejected)
    {
        using var owner = media.NewOwner();
        var photo = await owner.UploadAsync();
        using var deleted = await owner.DeleteAsync(photo);
        await Eventually.GetAsync(() => Task.FromResult(media.FilesOf(photo)), files => files.Count == 0);

        // Some of its renditions were written before the job ended.
        media.Render(photo);
        await media.DeliverOftenAsync(isRejected ? "media-photo-rejected" : "media-photo-processing-failed", isRejected ? new PhotoRejected(photo, 1, "late") : new PhotoProcessingFailed(photo, 1, "late"));
        Assert.Empty(media.FilesOf(photo));
    }

    /// <summary>Returns when a photo that was uploaded after everything before has become ready, and none of the others has a second time.</summary>
    private async Task BarrierAsync(params Guid[] silent)
    {
        using var owner = media.NewOwner();
        var photo = await owner.UploadAsync();
        await media.Bus.PublishAsync(media.Render(photo));
        for (Guid next; (next = (await media.Ready.NextAsync()).Message.PhotoId) != photo;)
            Assert.DoesNotContain(next, silent);
    }
}

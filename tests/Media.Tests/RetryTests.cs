using System.Net;
using PhotoPlatform.Contracts;

namespace PhotoPlatform.Media.Tests;

/// <summary>Its clock is put forward.</summary>
public sealed class RetryTests(RunningMedia media) : IClassFixture<RunningMedia>
{
    [Fact]
    public async Task A_failed_photo_is_processed_anew_and_becomes_ready()
    {
        using var owner = media.NewOwner();
        var photo = await FailedPhotoAsync(owner);
        using var accepted = await RetryAsync(owner, photo);
        Assert.Equal((HttpStatusCode.Accepted, $"/api/photos/{photo}"), (accepted.StatusCode, accepted.Headers.Location!.ToString()));
        Assert.Equal(("pending", null), (await owner.GetAsync(photo)) is var view ? (view.State, view.Reason) : default);
        var job = await RunningMedia.NextAsync(media.BulkJobs, next => next.PhotoId, photo);
        Assert.Equal(new ProcessPhoto(photo, 1, $"originals/{photo}", "standard"), job);

        await media.Bus.PublishAsync(media.Render(photo));
        await RunningMedia.NextAsync(media.Ready, ready => ready.PhotoId, photo);
        Assert.Equal("ready", (await owner.GetAsync(photo)).State);
    }

    [Fact]
    public async Task Of_retries_at_once_one_sends_a_job()
    {
        using var owner = media.NewOwner();
        var photo = await FailedPhotoAsync(owner);
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => RetryAsync(owner, photo)));
        Assert.Equal([HttpStatusCode.Accepted, .. Enumerable.Repeat(HttpStatusCode.Conflict, 7)], answers.Select(answer => answer.StatusCode).Order());
        await RunningMedia.NextAsync(media.BulkJobs, next => next.PhotoId, photo);
        var marker = await FailedPhotoAsync(owner);
        using var last = await RetryAsync(owner, marker);
        for (Guid next; (next = (await media.BulkJobs.NextAsync()).Message.PhotoId) != marker;)
            Assert.NotEqual(photo, next);
    }

    [Fact]
    public async Task Only_a_failed_photo_can_be_processed_anew()
    {
        using var owner = media.NewOwner();
        using var stranger = media.NewOwner();
        var (pending, ready) = (await owner.UploadAsync(), (await owner.ReadyPhotoAsync()).Id);
        var rejected = await owner.UploadAsync();
        await media.Bus.PublishAsync(new PhotoRejected(rejected, 1, "corrupt"));
        await RunningMedia.NextAsync(media.Unusable, unusable => unusable.PhotoId, rejected);
        foreach (var photo in new[] { pending, ready, rejected })
            await RunningMedia.AssertProblemAsync(HttpStatusCode.Conflict, await RetryAsync(owner, photo));
        foreach (var photo in new[] { await FailedPhotoAsync(owner), Guid.NewGuid() })
            await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await RetryAsync(stranger, photo));
    }

    [Fact]
    public async Task A_photo_has_ten_retries_a_day()
    {
        using var owner = media.NewOwner();
        var photo = await FailedPhotoAsync(owner);
        var now = media.Clock.GetUtcNow().UtcDateTime;
        media.Clock.Advance(now.Date.AddDays(1).AddHours(12) - now);
        for (var i = 0; i < 10; i++)
        {
            using var accepted = await RetryAsync(owner, photo);
            Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
            await FailAsync(photo);
        }
        using var refused = await RetryAsync(owner, photo);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromHours(11.9), TimeSpan.FromHours(12));
        await RunningMedia.AssertProblemAsync(HttpStatusCode.TooManyRequests, refused);
        Assert.Equal("failed", (await owner.GetAsync(photo)).State);

        media.Clock.Advance(TimeSpan.FromHours(12));
        using var nextDay = await RetryAsync(owner, photo);
        Assert.Equal(HttpStatusCode.Accepted, nextDay.StatusCode);
    }

    private static Task<HttpResponseMessage> RetryAsync(Owner owner, Guid photo) => owner.Http.PostAsync(new Uri($"/api/photos/{photo}/retries", UriKind.Relative), null);

    private async Task<Guid> FailedPhotoAsync(Owner owner)
    {
        var photo = await owner.UploadAsync();
        await FailAsync(photo);
        return photo;
    }

    private async Task FailAsync(Guid photo)
    {
        await media.Bus.PublishAsync(new PhotoProcessingFailed(photo, 1, "retries-exhausted"));
        await RunningMedia.NextAsync(media.Unusable, unusable => unusable.PhotoId, photo);
    }
}

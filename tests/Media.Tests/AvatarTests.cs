using System.Net;
using PhotoPlatform.Contracts;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Media.Tests;

public sealed class AvatarTests(RunningMedia media) : IClassFixture<RunningMedia>
{
    [Fact]
    public async Task A_portrait_that_is_ready_has_an_address_for_everybody_and_takes_the_place_of_older_ones()
    {
        using var owner = media.NewOwner();
        using var other = media.NewOwner();
        using var anonymous = media.Service.Client();
        var photo = await owner.ReadyPhotoAsync("?visibility=public");
        var (old, slow, theirs) = (await AvatarAsync(owner), await AvatarAsync(owner), await AvatarAsync(other));
        await media.Bus.PublishAsync(media.Render(old));
        Assert.NotNull((await RunningMedia.NextAsync(media.Ready, ready => ready.PhotoId, old)).AvatarUrl);
        var current = await AvatarAsync(owner);
        await media.DeliverOftenAsync("media-photo-processed", media.Render(current));

        var told = await RunningMedia.NextAsync(media.Ready, ready => ready.PhotoId, current);
        using var bytes = await anonymous.GetAsync(new Uri(told.AvatarUrl!, UriKind.Relative));
        Assert.Equal(RunningMedia.BytesOf("thumb"), await bytes.Content.ReadAsByteArrayAsync());
        Assert.Equal(new[] { photo.Id, current }.Order(), (await owner.RowsAsync()).Order());
        Assert.Equal([theirs], await other.RowsAsync());
        Assert.Equal(new[] { old, slow }.Order(), (await media.DeletedSoFarAsync()).Where(one => one.OwnerId == owner.Id).Select(one => one.PhotoId).Order());

        var handle = await owner.RegisterAsync();
        Assert.Equal([(current, true), (photo.Id, false)], (await owner.PageAsync("/api/photos")).Items.Select(item => (item.Id, item.Avatar)));
        Assert.Equal([photo.Id], (await owner.PageAsync($"/api/users/{handle}/photos")).Items.Select(item => item.Id));

        // The slow one comes after all, and changes nothing.
        await media.DeliverOftenAsync("media-photo-processed", media.Render(slow));
        Assert.Equal(new[] { photo.Id, current }.Order(), (await owner.RowsAsync()).Order());
        await Eventually.GetAsync(() => Task.FromResult(media.FilesOf(slow).Count + media.FilesOf(old).Count), files => files == 0);
    }

    [Fact]
    public async Task Of_portraits_that_are_ready_at_once_the_newest_stays()
    {
        for (var round = 0; round < 5; round++)
        {
            using var owner = media.NewOwner();
            var photos = new List<Guid>();
            for (var i = 0; i < 5; i++)
                photos.Add(await AvatarAsync(owner));
            var newest = photos.Max();
            await Task.WhenAll(photos.Select(photo => media.DeliverOftenAsync("media-photo-processed", media.Render(photo))));
            Assert.Equal([newest], await owner.RowsAsync());
        }
    }

    private async Task<Guid> AvatarAsync(Owner owner)
    {
        var photo = await owner.UploadAsync("?visibility=public");
        await media.Environment.QueryAsync<int>("media", "UPDATE photos SET avatar = true WHERE id = $1 RETURNING 1", photo);
        return photo;
    }
}

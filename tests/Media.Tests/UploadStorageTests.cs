using System.Net;
using Microsoft.Extensions.DependencyInjection;
using PhotoPlatform.Storage;
using PhotoPlatform.TestImages;
using PhotoPlatform.Testing;
using static PhotoPlatform.Media.Tests.ResumableUpload;

namespace PhotoPlatform.Media.Tests;

/// <summary>Uploads on a disk that is full, and on S3.</summary>
public sealed class UploadStorageTests(RunningMedia media) : IClassFixture<RunningMedia>
{
    private static readonly byte[] Jpeg = RunningMedia.Jpeg;

    [Fact]
    public async Task Without_room_beside_the_reserve_nothing_is_read_and_the_answer_is_507()
    {
        await using var full = await media.StartReplicaAsync(new() { ["Storage:ReserveBytes"] = $"{long.MaxValue / 2}" });
        using var owner = media.Meet(media.NewOwner().Id, full);
        using (var request = await RawRequest.SendAsync(full, owner, "POST", "/api/photos", "Content-Type: image/jpeg", "Content-Length: 1000000"))
            Assert.Equal("HTTP/1.1 507 Insufficient Storage", await request.StatusLineAsync());
        await RunningMedia.AssertProblemAsync(HttpStatusCode.InsufficientStorage, await owner.TusAsync(HttpMethod.Post, "/api/uploads", length: Jpeg.Length));
        using var here = media.Meet(owner.Id, media.Service);
        var upload = await here.CreateAsync(Jpeg.Length);
        using (var request = await RawRequest.SendAsync(
            full, owner, "PATCH", upload, "Tus-Resumable: 1.0.0", "Upload-Offset: 0", "Content-Type: application/offset+octet-stream", $"Content-Length: {Jpeg.Length}"))
            Assert.Equal("HTTP/1.1 507 Insufficient Storage", await request.StatusLineAsync());
        Assert.Empty(await owner.RowsAsync());
        Assert.Empty(media.Files());
    }

    [Fact]
    public async Task A_disk_that_fills_up_while_a_photo_streams_is_507_and_nothing_stays()
    {
        await using var disk = await SmallDisk.TryMountAsync(Path.Combine(media.Environment.Folder, "small"), megabytes: 2);
        Assert.SkipWhen(disk is null, "A small disk cannot be mounted here: that needs root.");
        await using var small = await media.StartReplicaAsync(new() { ["Storage:Path"] = disk.Folder, ["Storage:ReserveBytes"] = "0" });
        using var owner = media.Meet(media.NewOwner().Id, small);
        byte[] large = [.. Jpeg, .. new byte[5_000_000]];

        // Without a length nobody can know before.
        foreach (var form in new[] { false, true })
        {
            HttpContent image = new ByteArrayContent(large) { Headers = { ContentType = new("image/jpeg") } };
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/photos") { Content = form ? new MultipartFormDataContent { { image, "photo" } } : image };
            request.Headers.TransferEncodingChunked = true;
            await RunningMedia.AssertProblemAsync(HttpStatusCode.InsufficientStorage, await owner.Http.SendAsync(request));
        }
        var upload = await owner.CreateAsync(1_500_000);
        using var part = await owner.PatchAsync(upload, 0, large[..1_000_000]);
        Assert.Equal(HttpStatusCode.NoContent, part.StatusCode);
        await RunningMedia.AssertProblemAsync(HttpStatusCode.InsufficientStorage, await owner.PatchAsync(upload, 1_000_000, large[..500_000].Concat(large[..500_000]).Take(500_000).ToArray()));

        using (await owner.TusAsync(HttpMethod.Delete, upload))
            Assert.Empty(Directory.EnumerateFiles(disk.Folder, "*", SearchOption.AllDirectories));
        Assert.Empty(await owner.RowsAsync());
        await owner.UploadAsync();
    }

    [Fact]
    public async Task On_s3_photos_are_taken_whole_and_in_parts_and_deleted()
    {
        await using var server = await S3Server.StartAsync();
        await using var service = await media.StartReplicaAsync(server.Settings);
        var blobs = service.Services.GetRequiredService<IBlobStore>();
        using var owner = media.Meet(media.NewOwner().Id, service);
        byte[] large = [.. Jpeg, .. new byte[9_000_000]];

        var small = await owner.UploadAsync();
        Assert.Equal(Jpeg, await blobs.ReadAsync($"originals/{small}", default));
        using var whole = await owner.PostAsync(large);
        Assert.Equal(HttpStatusCode.Accepted, whole.StatusCode);

        var upload = await owner.CreateAsync(large.Length);
        using (var first = await owner.PatchAsync(upload, 0, large[..5_000_000]))
            Assert.Equal(HttpStatusCode.NoContent, first.StatusCode);
        using var last = await owner.PatchAsync(upload, 5_000_000, large[5_000_000..]);
        Assert.Equal($"{IdOf(upload)}", last.Header("X-Photo-Id"));
        Assert.Equal([large.Length, large.Length, Jpeg.Length], (await blobs.ListAsync("originals", default).Select(blob => blob.Bytes).ToListAsync()).OrderDescending());
        Assert.Empty(await blobs.ListAsync("uploads", default).ToListAsync());
        await RunningMedia.AssertProblemAsync(HttpStatusCode.UnsupportedMediaType, await owner.PostAsync(HostileFiles.Text));
        Assert.Equal(3, await blobs.ListAsync("originals", default).CountAsync());
        Assert.Empty(media.Files());
    }
}

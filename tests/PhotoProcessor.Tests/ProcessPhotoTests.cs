using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using PhotoPlatform.Contracts;
using PhotoPlatform.TestImages;
using PhotoPlatform.Storage;
using PhotoPlatform.Testing;

namespace PhotoPlatform.PhotoProcessor.Tests;

public sealed class ProcessPhotoTests(RunningPhotoProcessor processor) : IClassFixture<RunningPhotoProcessor>
{
    private static readonly Picture Photo = Picture.Photo(900, 600);

    [Fact]
    public async Task The_scaling_policy_names_the_queues_that_the_worker_declares() =>
        Assert.Equal(await processor.Environment.ConsumedQueuesAsync(), WorkerScaling.PhotoProcessor.Queues.Select(queue => queue.Queue).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData(PhotoQueues.Interactive)]
    [InlineData(PhotoQueues.Bulk)]
    public async Task A_photo_of_either_lane_becomes_four_renditions(string queue)
    {
        // Stored on its side, with a place and a maker.
        var upright = Picture.Quadrants(900, 600);
        var job = await processor.UploadAsync(CameraFile.WithMetadata(upright.StoredAs(Imaging.Formats.ExifOrientation.RightTop).ToJpeg(), 6));
        await processor.Bus.SendAsync(queue, job);

        var processed = (await processor.Processed.NextAsync()).Message;
        Assert.Equal((job.PhotoId, 1, 900, 600), (processed.PhotoId, processed.Version, processed.Width, processed.Height));
        Assert.InRange(processed.Placeholder.Length, 6, 40);
        Assert.Equal([("thumb", 256, 256), ("small", 640, 427), ("medium", 900, 600), ("large", 900, 600)], processed.Renditions.Select(file => (file.Name, file.Width, file.Height)));
        foreach (var file in processed.Renditions)
        {
            Assert.StartsWith($"renditions/{job.PhotoId:D}/1/", file.Key, StringComparison.Ordinal);
            var bytes = (await processor.Blobs.ReadAsync(file.Key, default))!;
            Assert.Equal(("image/webp", bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes))), (file.ContentType, (int)file.Bytes, file.ETag));
            Assert.Equal(new(file.Width, file.Height), Picture.FromWebP(bytes).Size);
            Assert.Empty(WebPChunks.Metadata(bytes));
            Assert.All(CameraFile.Secrets, secret => Assert.True(bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(secret)) < 0, secret));
        }
        Assert.True(Picture.FromWebP((await processor.Blobs.ReadAsync(processed.Renditions[^1].Key, default))!).MeanDifference(upright) < 4);
        Assert.Equal(4, await processor.Blobs.ListAsync($"renditions/{job.PhotoId:D}", default).CountAsync());
    }

    [Fact]
    public async Task A_job_that_runs_again_writes_the_same_bytes_and_repeats_its_message_id()
    {
        var job = await processor.UploadAsync(Photo.ToJpeg());
        var id = Guid.CreateVersion7();
        await processor.Bus.SendAsync(PhotoQueues.Interactive, job, id);
        var first = await processor.Processed.NextAsync();
        var bytes = await BytesAsync(first.Message);

        await processor.Bus.SendAsync(PhotoQueues.Interactive, job, id);
        var again = await processor.Processed.NextAsync();
        Assert.Equal(first.Id, again.Id);
        Assert.Equivalent(first.Message, again.Message, strict: true);
        Assert.Equal(bytes, await BytesAsync(again.Message));

        // A replay is another message, so its result has another effect, of the same bytes.
        await processor.Bus.SendAsync(PhotoQueues.Interactive, job);
        var replayed = await processor.Processed.NextAsync();
        Assert.NotEqual(first.Id, replayed.Id);
        Assert.Equivalent(first.Message, replayed.Message, strict: true);
        Assert.Equal(4, await processor.Blobs.ListAsync($"renditions/{job.PhotoId:D}", default).CountAsync());
    }

    [Fact]
    public async Task A_job_that_runs_twice_at_once_leaves_whole_files()
    {
        var job = await processor.UploadAsync(Photo.ToPng());
        var id = Guid.CreateVersion7();
        await Task.WhenAll(processor.Bus.SendAsync(PhotoQueues.Interactive, job, id), processor.Bus.SendAsync(PhotoQueues.Bulk, job, id), processor.Bus.SendAsync(PhotoQueues.Interactive, job, id));
        for (var i = 0; i < 3; i++)
        {
            var processed = (await processor.Processed.NextAsync()).Message;
            foreach (var file in processed.Renditions)
                Assert.Equal(file.ETag, Convert.ToHexStringLower(SHA256.HashData((await processor.Blobs.ReadAsync(file.Key, default))!)));
        }
        Assert.Equal(4, await processor.Blobs.ListAsync($"renditions/{job.PhotoId:D}", default).CountAsync());
    }

    [Fact]
    public async Task A_file_that_ends_too_early_is_rejected()
    {
        var job = await processor.UploadAsync(HostileFiles.Truncated(Photo.ToJpeg()));
        var id = Guid.CreateVersion7();
        await processor.Bus.SendAsync(PhotoQueues.Interactive, job, id);
        await processor.Bus.SendAsync(PhotoQueues.Interactive, job, id);

        var (first, second) = (await processor.Rejected.NextAsync(), await processor.Rejected.NextAsync());
        Assert.Equal(new PhotoRejected(job.PhotoId, 1, "truncated"), first.Message);
        Assert.Equal(first, second);
        Assert.Equal(0, await processor.Blobs.ListAsync($"renditions/{job.PhotoId:D}", default).CountAsync());
    }

    [Theory]
    [InlineData("damaged png", "corrupt")]
    [InlineData("png header bomb", "side-too-long")]
    [InlineData("text", "unsupported-type")]
    public async Task What_slipped_through_the_upload_is_rejected_here(string name, string reason)
    {
        var job = await processor.UploadAsync(name switch
        {
            "damaged png" => HostileFiles.DamagedPng(Photo.ToPng()),
            "png header bomb" => HostileFiles.PngHeaderBomb(),
            _ => HostileFiles.Text,
        });
        await processor.Bus.SendAsync(PhotoQueues.Interactive, job);
        Assert.Equal(new PhotoRejected(job.PhotoId, 1, reason), (await processor.Rejected.NextAsync()).Message);
    }

    [Fact]
    public async Task A_photo_whose_original_is_gone_has_failed_by_no_fault_of_its_own()
    {
        var job = RunningPhotoProcessor.NewJob();
        await processor.Bus.SendAsync(PhotoQueues.Interactive, job);
        // The unreadable messages of other tests may be told of before.
        for (var told = await processor.Failed.NextAsync(); told.Message != new PhotoProcessingFailed(job.PhotoId, 1, "source-missing"); told = await processor.Failed.NextAsync())
            Assert.NotEqual(job.PhotoId, told.Message.PhotoId);
    }

    [Fact]
    public async Task A_failure_of_ours_is_tried_again_later_and_rejects_nothing()
    {
        var job = RunningPhotoProcessor.NewJob();
        // A folder where the file should be: it can be neither read nor said to be missing.
        Directory.CreateDirectory(Path.Combine(processor.Environment.Folder, "blobs", job.Source));
        await processor.Bus.SendAsync(PhotoQueues.Interactive, job);

        var waiting = await Eventually.GetAsync(() => processor.Environment.PeekAsync("photos-interactive.retry-10s"), messages => messages.Count > 0);
        Assert.Contains(job.PhotoId.ToString(), Assert.Single(waiting).Payload, StringComparison.Ordinal);
    }

    public static TheoryData<string> Unreadable => ["", "no json", "{}", "[]", "null", """{"messageId":"x"}""", """{"messageType":["urn:message:Other:Thing"],"message":{}}""",
        """{"messageType":["urn:message:PhotoPlatform.Contracts:ProcessPhoto"],"message":{"photoId":"no guid","version":"one"}}"""];

    [Theory, MemberData(nameof(Unreadable))]
    public async Task A_message_that_cannot_be_read_is_a_dead_letter_and_holds_nobody_up(string body)
    {
        var id = Guid.CreateVersion7();
        await processor.Bus.SendAsync(PhotoQueues.Interactive, Encoding.UTF8.GetBytes(body), id);
        var job = await processor.UploadAsync(HostileFiles.Text);
        await processor.Bus.SendAsync(PhotoQueues.Interactive, job);
        Assert.Equal(job.PhotoId, (await processor.Rejected.NextAsync()).Message.PhotoId);

        var dead = await Eventually.GetAsync(() => processor.Environment.PeekAsync("photos-interactive.dead"), messages => messages.Any(message => message.Payload == body));
        var letter = dead.First(message => message.Payload == body);
        Assert.NotNull(letter.Properties.Header("failure-reason"));
        Assert.Equal("photos-interactive", letter.Properties.Header("failure-queue"));
        Assert.Contains(processor.Service.Logs.All, line => line.Level == LogLevel.Error && line.Message.Contains(id.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task It_serves_probes_and_nothing_else()
    {
        using var client = processor.Service.ClientWithoutIdentity();
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri("/alive", UriKind.Relative))).StatusCode);
        Assert.Equal("Healthy", await client.GetStringAsync(new Uri("/health", UriKind.Relative)));
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(new Uri("/", UriKind.Relative))).StatusCode);
        Assert.Equal(["/alive", "/health"], processor.Service.Endpoints.Select(endpoint => endpoint.RoutePattern.RawText!).Order());
    }

    private async Task<byte[][]> BytesAsync(PhotoProcessed processed) =>
        await Task.WhenAll(processed.Renditions.Select(async file => (await processor.Blobs.ReadAsync(file.Key, default))!));
}

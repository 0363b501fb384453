using PhotoPlatform.Contracts;
using PhotoPlatform.TestImages;
using PhotoPlatform.Testing.Idempotency;

namespace PhotoPlatform.PhotoProcessor.Tests;

/// <summary>What the consumer of PhotoProcessor does.</summary>
internal static class ConsumerCases
{
    internal static readonly IReadOnlyList<ConsumerCase<RunningPhotoProcessor>> All =
    [
        new(typeof(ProcessPhotoConsumer), "writes renditions", async processor => Of(await processor.UploadAsync(Picture.Photo(300, 200).ToJpeg()))),
        new(typeof(ProcessPhotoConsumer), "rejects a file", async processor => Of(await processor.UploadAsync(HostileFiles.Text))),
    ];

    private static Occasion Of(ProcessPhoto job) => new(job, job.PhotoId) { Queue = PhotoQueues.Interactive };
}

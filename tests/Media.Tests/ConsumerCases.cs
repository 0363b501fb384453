using PhotoPlatform.Contracts;
using PhotoPlatform.Media.Accounts;
using PhotoPlatform.Media.Deletions;
using PhotoPlatform.Media.Processing;
using PhotoPlatform.Testing;
using PhotoPlatform.Testing.Idempotency;

namespace PhotoPlatform.Media.Tests;

/// <summary>What the consumers of Media do.</summary>
internal static class ConsumerCases
{
    internal static readonly IReadOnlyList<ConsumerCase<RunningMedia>> All =
    [
        new(typeof(PhotoProcessedConsumer), "makes a photo ready", async media =>
        {
            var (owner, photos) = await AddPhotosAsync(media, 1, "Pending");
            return new Occasion(media.Render(photos[0]), owner, photos[0]);
        }),
        new(typeof(PhotoProcessedConsumer), "removes the renditions of a deleted photo", media => Task.FromResult(OfDeletedPhoto(media, media.Render))),
        new(typeof(PhotoProcessedConsumer), "deletes the portraits before a new one", async media =>
        {
            var (owner, photos) = await AddPhotosAsync(media, 3, "Pending");
            await media.Environment.QueryAsync<int>("media", "UPDATE photos SET avatar = true, state = CASE WHEN id = $2 THEN 'Ready' ELSE state END WHERE owner_id = $1", owner, photos[0]);
            media.Render(photos[0]);
            return new Occasion(media.Render(photos[2]), [owner, .. photos]) { SettledAsync = () => RemovedAsync(media, photos[..2]) };
        }),
        new(typeof(PhotoRejectedConsumer), "rejects a photo", async media =>
        {
            var (owner, photos) = await AddPhotosAsync(media, 1, "Pending");
            return new Occasion(new PhotoRejected(photos[0], 1, "truncated"), owner, photos[0]);
        }),
        new(typeof(PhotoRejectedConsumer), "removes the renditions of a deleted photo", media => Task.FromResult(OfDeletedPhoto(media, photo => new PhotoRejected(photo, 1, "truncated")))),
        new(typeof(PhotoProcessingFailedConsumer), "notes a failure", async media =>
        {
            var (owner, photos) = await AddPhotosAsync(media, 1, "Pending");
            return new Occasion(new PhotoProcessingFailed(photos[0], 1, "source-missing"), owner, photos[0]);
        }),
        new(typeof(PhotoProcessingFailedConsumer), "removes the renditions of a deleted photo", media => Task.FromResult(OfDeletedPhoto(media, photo => new PhotoProcessingFailed(photo, 1, "source-missing")))),
        new(typeof(PhotoDeletedConsumer), "removes a photo's blobs", media => Task.FromResult(OfDeletedPhoto(media, photo => new PhotoDeleted(photo, Guid.NewGuid(), $"originals/{photo}", Now())))),
        new(typeof(PurgePhotosConsumer), "removes the photos of a deletion", async media =>
        {
            var (owner, photos) = await AddPhotosAsync(media, 2, "Ready");
            var deletion = await AddDeletionAsync(media, owner, photos, Now());
            return new Occasion(new PurgePhotos(deletion), [owner, deletion, .. photos]) { Queue = PurgePhotos.Queue, SettledAsync = () => RemovedAsync(media, photos) };
        }),
        new(typeof(PurgePhotosConsumer), "waits for the end of the time to undo it", async media =>
        {
            var (owner, photos) = await AddPhotosAsync(media, 1, "Ready");
            var deletion = await AddDeletionAsync(media, owner, photos, Now().AddHours(1));
            return new Occasion(new PurgePhotos(deletion), owner, deletion, photos[0]) { Queue = PurgePhotos.Queue };
        }),
        new(typeof(UserRegisteredConsumer), "learns a handle, which was another's before", async media =>
        {
            Guid[] users = [.. new[] { NewUser(), NewUser() }.Order()];
            var (before, user) = (users[0], users[1]);
            var handle = $"u{user:N}"[^30..];
            await media.Environment.QueryAsync<int>("media", "INSERT INTO owners (user_id, handle, photos, bytes) VALUES ($1, $2, 0, 0)", before, handle);
            return new Occasion(new UserRegistered(user, handle, "Ada", $"{user}@example.org", Now()), before, user, handle);
        }),
        new(typeof(UserDeletedConsumer), "closes an account and has it purged", async media =>
        {
            var (owner, photos) = await AddPhotosAsync(media, 2, "Ready");
            return new Occasion(new UserDeleted(owner, Now()), [owner, .. photos]) { SettledAsync = () => PurgedAsync(media, owner) };
        }),
        new(typeof(PurgeOwnerConsumer), "removes all photos of a closed account, batch by batch", async media =>
        {
            var (owner, photos) = await AddPhotosAsync(media, PurgeOwnerConsumer.BatchSize + 1, "Ready");
            await media.Environment.QueryAsync<int>("media", "UPDATE owners SET closed_at = now() WHERE user_id = $1", owner);
            return new Occasion(new PurgeOwner(owner), owner, photos[0], photos[^1]) { Queue = PurgeOwner.Queue, SettledAsync = () => PurgedAsync(media, owner) };
        }),
        new(typeof(ExportRequestedConsumer), "has its part of an export written", async media =>
        {
            var (owner, photos) = await AddPhotosAsync(media, 1, "Ready");
            var export = Guid.CreateVersion7();
            // The end of the photo's id is in the name of its file.
            return new Occasion(new ExportRequested(export, owner, Now()), owner, photos[0], export, $"{photos[0]}"[^8..])
            {
                SettledAsync = () => Eventually.GetAsync(() => media.Environment.QueryAsync<Guid>("media", "SELECT export_id FROM export_jobs WHERE export_id = $1", export), jobs => jobs.Count == 0),
            };
        }),
    ];

    /// <summary>Photos of a new owner, whose quota counts them, with an original each.</summary>
    private static async Task<(Guid Owner, List<Guid> Photos)> AddPhotosAsync(RunningMedia media, int count, string state)
    {
        var owner = NewUser();
        var photos = await media.SeedAsync(owner, count, state: state);
        await media.Environment.QueryAsync<int>("media", "INSERT INTO owners (user_id, photos, bytes) VALUES ($1, $2, $2 * 1000)", owner, count);
        photos.ForEach(photo => WriteOriginal(media, photo));
        return (owner, photos);
    }

    private static async Task<Guid> AddDeletionAsync(RunningMedia media, Guid owner, IReadOnlyList<Guid> photos, DateTimeOffset undoUntil)
    {
        var deletion = Guid.CreateVersion7();
        await media.Environment.QueryAsync<int>("media", "INSERT INTO deletions (id, owner_id, undo_until) VALUES ($1, $2, $3)", deletion, owner, undoUntil);
        await media.Environment.QueryAsync<int>("media", "UPDATE photos SET deletion_id = $1 WHERE id = ANY ($2)", deletion, photos.ToArray());
        return deletion;
    }

    /// <summary>A photo of which there are only blobs.</summary>
    private static Occasion OfDeletedPhoto(RunningMedia media, Func<Guid, object> message)
    {
        var photo = Guid.CreateVersion7();
        WriteOriginal(media, photo);
        media.Render(photo);
        return new Occasion(message(photo), photo);
    }

    private static void WriteOriginal(RunningMedia media, Guid photo)
    {
        var file = Path.Combine(media.Blobs, "originals", $"{photo}");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, "an original");
    }

    /// <summary>Media tells itself that they are deleted, and removes their blobs then.</summary>
    private static Task<int> RemovedAsync(RunningMedia media, IReadOnlyList<Guid> photos) =>
        Eventually.GetAsync(() => Task.FromResult(photos.Sum(photo => media.FilesOf(photo).Count)), files => files == 0);

    /// <summary>The last of a chain of commands empties the owner's row.</summary>
    private static Task<List<int>> PurgedAsync(RunningMedia media, Guid owner) =>
        Eventually.GetAsync(() => media.Environment.QueryAsync<int>("media", "SELECT photos FROM owners WHERE user_id = $1 AND closed_at IS NOT NULL", owner), photos => photos is [0]);

    private static Guid NewUser() => PlatformId.New(TimeProvider.System, PlatformId.NewBucket());

    private static DateTimeOffset Now() => TimeProvider.System.GetUtcNow();
}

using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using PhotoPlatform.Contracts;
using PhotoPlatform.Media.Accounts;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Storage;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Media.Tests;

public sealed class ExportTests : IAsyncLifetime
{
    private readonly RunningMedia _media = new();

    public ValueTask InitializeAsync() => _media.InitializeAsync();

    public ValueTask DisposeAsync() => _media.DisposeAsync();

    [Fact]
    public async Task An_export_has_every_photo_in_any_state_with_its_fields_and_its_original()
    {
        using var owner = _media.NewOwner();
        using var other = _media.NewOwner();
        await other.UploadAsync();
        var ready = await owner.ReadyPhotoAsync("?visibility=public&title=Caf%C3%A9%20..%2F..%2F%20%E2%98%83%20am%20See");
        using var described = await owner.PatchAsync(ready.Id, new { description = "with \"quotes\"" });
        var pending = await owner.UploadAsync("?title=%F0%9F%8F%9D");
        var hidden = await owner.UploadAsync();
        await DeletionTests.DeleteAsync(owner, [hidden]);

        var (photos, manifest) = await ExportAsync(owner.Id);
        Assert.Equal([ready.Id, pending], photos.Select(photo => photo.GetProperty("id").GetGuid()));
        var first = photos[0];
        Assert.Equal(("Café ../../ ☃ am See", "with \"quotes\"", "public", "ready", false, RunningMedia.Jpeg.Length, 64, 48), (
            first.GetProperty("title").GetString(), first.GetProperty("description").GetString(), first.GetProperty("visibility").GetString(), first.GetProperty("state").GetString(),
            first.GetProperty("avatar").GetBoolean(), first.GetProperty("bytes").GetInt32(), first.GetProperty("width").GetInt32(), first.GetProperty("height").GetInt32()));
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(RunningMedia.Jpeg)), first.GetProperty("sha256").GetString());

        var day = ready.CreatedAt.UtcDateTime.ToString("yyyy-MM-dd", null);
        Assert.Equal(["photos.json", $"photos/{day}-café-am-see-{ready.Id.ToString()[^8..]}.jpg", $"photos/{day}-{pending.ToString()[^8..]}.jpg"], manifest.Files.Select(file => file.Path));
        Assert.Equal(manifest.Files.Skip(1).Select(file => file.Path), photos.Select(photo => photo.GetProperty("file").GetString()));
        foreach (var file in manifest.Files.Skip(1))
            Assert.Equal(RunningMedia.Jpeg, await File.ReadAllBytesAsync(Path.Combine(_media.Blobs, file.Key)));
    }

    [Fact]
    public async Task Many_photos_come_page_by_page_and_a_request_that_comes_often_writes_the_same()
    {
        using var owner = _media.NewOwner();
        await using var replica = await _media.StartReplicaAsync();
        var seeded = await _media.SeedAsync(owner.Id, 2 * ExportWriter.PageSize + 1);
        var export = Guid.NewGuid();
        var (photos, manifest) = await ExportAsync(owner.Id, export);
        Assert.Equal(seeded, photos.Select(photo => photo.GetProperty("id").GetGuid()));
        Assert.Equal(seeded.Count + 1, manifest.Files.Select(file => file.Path).Distinct().Count());
        var before = ExportFiles(export).Select(File.ReadAllBytes).ToList();

        await _media.DeliverOftenAsync("media-export-requested", new ExportRequested(export, owner.Id, DateTimeOffset.UnixEpoch));
        await Eventually.GetAsync(JobsAsync, jobs => jobs[0] == 0);
        Assert.Equal(before, ExportFiles(export).Select(File.ReadAllBytes));
    }

    [Fact]
    public async Task An_owner_whom_nobody_knows_yet_has_an_empty_export()
    {
        var (photos, manifest) = await ExportAsync(Guid.NewGuid());
        Assert.Empty(photos);
        Assert.Single(manifest.Files);
    }

    [Fact]
    public async Task A_request_under_one_id_is_answered_once()
    {
        using var owner = _media.NewOwner();
        await using var replica = await _media.StartReplicaAsync();
        var id = Guid.CreateVersion7();
        var request = new ExportRequested(Guid.NewGuid(), owner.Id, DateTimeOffset.UnixEpoch);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _media.Bus.PublishAsync(request, id)));
        Assert.Equal(request.ExportId, (await _media.Exported.NextAsync()).Message.ExportId);
        await ExportAsync(owner.Id);
        Assert.Equal([0L], await JobsAsync());
    }

    [Fact]
    public async Task While_blobs_are_written_no_transaction_is_open_and_what_could_not_be_written_is_tried_again()
    {
        using var owner = _media.NewOwner();
        await owner.UploadAsync();
        var stubborn = new StubbornStore(_media.Service.Services.GetRequiredService<IBlobStore>());
        await _media.Service.DisposeAsync();
        await using var service = await _media.StartReplicaAsync(replace: services => services.Replace(ServiceDescriptor.Singleton<IBlobStore>(stubborn)));

        var export = Guid.NewGuid();
        await _media.Bus.PublishAsync(new ExportRequested(export, owner.Id, DateTimeOffset.UnixEpoch));
        await stubborn.Entered.Task;
        await Eventually.GetAsync(() => _media.Environment.QueryAsync<long>("media", "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"), open => open[0] == 0);
        stubborn.Fail.SetResult();
        await Eventually.GetAsync(() => Task.FromResult(service.Logs.All), lines => lines.Any(line => line.Message.StartsWith($"Export {export} could not be written", StringComparison.Ordinal)));
        Assert.Empty(ExportFiles(export));

        _media.Clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(export, (await _media.Exported.NextAsync()).Message.ExportId);
        Assert.Equal(2, ExportFiles(export).Count);
    }

    [Fact]
    public async Task An_export_of_an_account_that_is_deleted_meanwhile_leaves_nothing_and_a_later_one_does_not_begin()
    {
        using var owner = _media.NewOwner();
        await owner.UploadAsync();
        var stubborn = new StubbornStore(_media.Service.Services.GetRequiredService<IBlobStore>());
        await _media.Service.DisposeAsync();
        await using var service = await _media.StartReplicaAsync(replace: services => services.Replace(ServiceDescriptor.Singleton<IBlobStore>(stubborn)));

        await _media.Bus.PublishAsync(new ExportRequested(Guid.NewGuid(), owner.Id, DateTimeOffset.UnixEpoch));
        await stubborn.Entered.Task;
        await _media.DeliverOftenAsync("media-user-deleted", new UserDeleted(owner.Id, DateTimeOffset.UnixEpoch));
        await Eventually.GetAsync(JobsAsync, jobs => jobs[0] == 0);
        stubborn.Succeed.SetResult();
        await Eventually.GetAsync(() => Task.FromResult(_media.Files()), files => files.Count == 0);

        await _media.DeliverOftenAsync("media-export-requested", new ExportRequested(Guid.NewGuid(), owner.Id, DateTimeOffset.UnixEpoch));
        Assert.Equal([0L], await JobsAsync());
    }

    [Theory]
    [InlineData("", "photos/2026-11-21-89abcdef.jpg")]
    [InlineData("Strand", "photos/2026-11-21-strand-89abcdef.jpg")]
    [InlineData("  ../../etc/passwd\\CON: <b>*?|\"", "photos/2026-11-21-etc-passwd-con-b-89abcdef.jpg")]
    [InlineData("ÄÖÜ ß é", "photos/2026-11-21-äöü-ß-é-89abcdef.jpg")]
    [InlineData("\u202Egpj.exe", "photos/2026-11-21-gpj-exe-89abcdef.jpg")]
    [InlineData("日本 🏝", "photos/2026-11-21-日本-89abcdef.jpg")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "photos/2026-11-21-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-89abcdef.jpg")]
    public void A_name_in_an_export_is_readable_and_harmless(string title, string path)
    {
        var photo = new Photo
        {
            Id = new Guid("01234567-89ab-8def-8123-456789abcdef"),
            OwnerId = Guid.Empty,
            Title = title,
            Visibility = Visibility.Private,
            ContentType = "image/jpeg",
            Bytes = 1,
            Sha256 = [],
            Source = "",
            Width = 1,
            Height = 1,
            CreatedAt = new DateTimeOffset(2026, 11, 21, 23, 0, 0, TimeSpan.Zero),
        };
        Assert.Equal(path, ExportPart.PathOf(photo, isEndingFree: true));
        Assert.EndsWith("-01234567-89ab-8def-8123-456789abcdef.jpg", ExportPart.PathOf(photo, isEndingFree: false), StringComparison.Ordinal);
    }

    private async Task<(List<JsonElement> Photos, ExportManifest Manifest)> ExportAsync(Guid user, Guid? export = null)
    {
        var id = export ?? Guid.NewGuid();
        await _media.Bus.PublishAsync(new ExportRequested(id, user, DateTimeOffset.UnixEpoch));
        var (_, written) = await _media.Exported.NextAsync();
        Assert.Equal(new ExportPartWritten(id, user, "media", $"exports/{id}/media/manifest.json"), written);
        var manifest = JsonSerializer.Deserialize<ExportManifest>(await File.ReadAllBytesAsync(Path.Combine(_media.Blobs, written.Manifest)), JsonSerializerOptions.Web)!;
        Assert.Equal(new ExportFile("photos.json", $"exports/{id}/media/photos.json"), manifest.Files[0]);
        return (JsonSerializer.Deserialize<List<JsonElement>>(await File.ReadAllBytesAsync(Path.Combine(_media.Blobs, manifest.Files[0].Key)))!, manifest);
    }

    private List<string> ExportFiles(Guid export) => [.. _media.FilesOf(export).Select(file => Path.Combine(_media.Blobs, file))];

    private Task<List<long>> JobsAsync() => _media.Environment.QueryAsync<long>("media", "SELECT count(*) FROM export_jobs");

    /// <summary>A storage whose first write of an export waits until it is told how to end.</summary>
    private sealed class StubbornStore(IBlobStore inner) : IBlobStore
    {
        private int _commits;

        internal TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal TaskCompletionSource Fail { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal TaskCompletionSource Succeed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task EnsureSpaceAsync(long bytes, CancellationToken cancellationToken) => inner.EnsureSpaceAsync(bytes, cancellationToken);

        public IBlobWriter Create(string key) => key.StartsWith("exports/", StringComparison.Ordinal) ? new Writer(this, inner.Create(key)) : inner.Create(key);

        public Task<Stream?> OpenReadAsync(string key, long offset, long? length, CancellationToken cancellationToken) => inner.OpenReadAsync(key, offset, length, cancellationToken);

        public Task DeleteAsync(string key, CancellationToken cancellationToken) => inner.DeleteAsync(key, cancellationToken);

        public Task DeleteFolderAsync(string folder, CancellationToken cancellationToken) => inner.DeleteFolderAsync(folder, cancellationToken);

        public IAsyncEnumerable<BlobInfo> ListAsync(string folder, CancellationToken cancellationToken) => inner.ListAsync(folder, cancellationToken);

        private sealed class Writer(StubbornStore store, IBlobWriter inner) : IBlobWriter
        {
            public Stream Stream => inner.Stream;

            public async Task CommitAsync(CancellationToken cancellationToken)
            {
                if (Interlocked.Increment(ref store._commits) == 1)
                {
                    store.Entered.SetResult();
                    if (await Task.WhenAny(store.Fail.Task, store.Succeed.Task) == store.Fail.Task)
                        throw new IOException("No space left on device");
                }
                await inner.CommitAsync(cancellationToken);
            }

            public ValueTask DisposeAsync() => inner.DisposeAsync();
        }
    }
}

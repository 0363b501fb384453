using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Storage.Tests;

public sealed class FileBlobStoreTests : BlobStoreTests, IDisposable
{
    private const int NoSpaceLeft = 28;
    private readonly string _folder = Directory.CreateTempSubdirectory("photoplatform-blobs-").FullName;
    private readonly IBlobStore _blobs;

    public FileBlobStoreTests() => _blobs = BlobStores.Files(Root);

    private string Root => Path.Combine(_folder, "a", "b");

    private string Incoming => Path.Combine(Root, ".incoming");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task At_the_start_and_every_hour_old_unfinished_files_go_and_what_others_write_stays()
    {
        var clock = new TestClock();
        var abandoned = Abandon(clock, TimeSpan.FromMinutes(61));
        var recent = Abandon(clock, TimeSpan.FromMinutes(59));
        await _blobs.WriteAsync("originals/old", "x"u8.ToArray(), default);
        File.SetLastWriteTimeUtc(Path.Combine(Root, "originals", "old"), clock.GetUtcNow().UtcDateTime.AddDays(-1));

        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration["Storage:Path"] = Root;
        builder.Services.AddSingleton<TimeProvider>(clock);
        builder.AddStorage();
        await using var app = builder.Build();
        var sweeps = app.Services.GetServices<Microsoft.Extensions.Hosting.IHostedService>().OfType<TemporaryFileSweep>().Single();
        await sweeps.StartAsync(default);
        await Eventually.GetAsync(() => Task.FromResult(File.Exists(abandoned)), exists => !exists);
        Assert.True(File.Exists(recent));

        await using var writer = app.Services.GetRequiredService<IBlobStore>().Create("originals/new");
        await writer.Stream.WriteAsync("x"u8.ToArray());
        File.SetLastWriteTimeUtc(recent, clock.GetUtcNow().UtcDateTime.AddMinutes(-59));
        // By the clock to come, what is being written was written to just now.
        File.SetLastWriteTimeUtc(Directory.GetFiles(Incoming).Single(file => file != recent), clock.GetUtcNow().UtcDateTime.AddMinutes(60));
        clock.Advance(TimeSpan.FromMinutes(60));
        await Eventually.GetAsync(() => Task.FromResult(File.Exists(recent)), exists => !exists);
        await writer.CommitAsync(default);
        await sweeps.StopAsync(default);
        Assert.Equal(["originals/new", "originals/old"], await AllAsync());
    }

    [Fact]
    public async Task A_process_that_is_killed_while_it_writes_leaves_no_blob()
    {
        var writer = _blobs.Create("originals/x");
        await writer.Stream.WriteAsync("half"u8.ToArray());
        // What a killed process leaves is what lies there now.
        Assert.Null(await _blobs.ReadAsync("originals/x", default));
        Assert.Empty(await _blobs.ListAsync("originals", default).ToListAsync());
        Assert.StartsWith(".incoming/", Assert.Single(await AllAsync()), StringComparison.Ordinal);
        await writer.DisposeAsync();
    }

    [Fact]
    public async Task More_than_fits_beside_the_reserve_is_refused_with_the_code_of_a_full_disk()
    {
        var free = new DriveInfo(Root).AvailableFreeSpace;
        await _blobs.EnsureSpaceAsync(1, default);
        var full = await Assert.ThrowsAsync<StorageFullException>(() => _blobs.EnsureSpaceAsync(2 * free, default));
        Assert.Equal(NoSpaceLeft, full.HResult);
        await Assert.ThrowsAsync<StorageFullException>(() => BlobStores.Files(Root, reserve: 2 * free).EnsureSpaceAsync(0, default));
    }

    [Fact]
    public async Task A_disk_that_fills_up_while_it_is_written_to_is_an_error_and_nothing_stays()
    {
        await using var disk = await SmallDisk.TryMountAsync(Path.Combine(_folder, "small"), megabytes: 4);
        Assert.SkipWhen(disk is null, "A small disk cannot be mounted here: that needs root.");
        var blobs = BlobStores.Files(disk.Folder, reserve: 0);
        await blobs.WriteAsync("a", new byte[1_000_000], default);
        var error = await Assert.ThrowsAsync<IOException>(() => blobs.WriteAsync("b", new byte[8_000_000], default));
        Assert.Equal(NoSpaceLeft, error.HResult);
        Assert.Equal(["a"], Directory.GetFiles(disk.Folder, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(disk.Folder, file)));
        await blobs.WriteAsync("c", new byte[1_000_000], default);
    }

    [Fact]
    public async Task Writing_into_a_folder_that_others_delete_fails_for_nobody()
    {
        for (var round = 0; round < 20; round++)
        {
            await Task.WhenAll([
                .. Enumerable.Range(0, 8).Select(i => _blobs.WriteAsync($"uploads/a/{i}", "x"u8.ToArray(), default)),
                .. Enumerable.Range(0, 4).Select(_ => _blobs.DeleteFolderAsync("uploads/a", default))]);
        }
        await _blobs.DeleteFolderAsync("uploads", default);
        Assert.Empty(await AllAsync());
    }

    protected override IBlobStore Store() => _blobs;

    protected override Task<List<string>> AllAsync() =>
        Task.FromResult<List<string>>([.. Directory.EnumerateFiles(Root, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Root, file)).Order()]);

    private string Abandon(TestClock clock, TimeSpan age)
    {
        var file = Path.Combine(Incoming, Guid.NewGuid().ToString("N"));
        File.WriteAllText(file, "half");
        File.SetLastWriteTimeUtc(file, (clock.GetUtcNow() - age).UtcDateTime);
        return file;
    }
}

using PhotoPlatform.Testing;

namespace PhotoPlatform.Storage.Tests;

/// <summary>One S3 server for the class, a bucket emptied before each test.</summary>
public sealed class S3Fixture : IAsyncLifetime
{
    private S3Server? _server;

    public S3Settings Settings { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await S3Server.StartAsync();
        Settings = new S3Settings(_server.Endpoint, _server.Settings["Storage:S3:Bucket"]!, _server.Settings["Storage:S3:AccessKey"]!, _server.Settings["Storage:S3:SecretKey"]!);
    }

    public async ValueTask DisposeAsync() => await (_server?.DisposeAsync() ?? default);
}

public sealed class S3BlobStoreTests : BlobStoreTests, IClassFixture<S3Fixture>, IAsyncLifetime
{
    private static readonly string[] Folders = ["originals", "renditions", "uploads", "a", "ab"];
    private readonly S3Settings _settings;
    private readonly IBlobStore _blobs;

    public S3BlobStoreTests(S3Fixture server) => _blobs = BlobStores.S3(_settings = server.Settings);

    public async ValueTask InitializeAsync()
    {
        foreach (var folder in Folders)
            await _blobs.DeleteFolderAsync(folder, default);
        await _blobs.DeleteAsync("x", default);
    }

    public ValueTask DisposeAsync()
    {
        ((IDisposable)_blobs).Dispose();
        return default;
    }

    [Fact]
    public async Task A_server_that_refuses_or_is_away_is_a_failure_of_the_storage()
    {
        foreach (var settings in new[] { _settings with { Bucket = "none" }, _settings with { Endpoint = "http://127.0.0.1:1" }, _settings with { AccessKey = "nobody" } })
        {
            var blobs = BlobStores.S3(settings);
            using var disposed = (IDisposable)blobs;
            await Assert.ThrowsAnyAsync<IOException>(() => blobs.WriteAsync("x", "x"u8.ToArray(), default));
            await Assert.ThrowsAnyAsync<IOException>(() => blobs.ReadAsync("x", default));
            await Assert.ThrowsAnyAsync<IOException>(() => blobs.DeleteFolderAsync("x/y", default));
            await Assert.ThrowsAnyAsync<IOException>(() => blobs.WriteAsync("x", new byte[20_000_000], default));
        }
    }

    [Fact]
    public async Task A_caller_that_gives_up_is_no_failure_of_the_storage()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _blobs.ReadAsync("x", new CancellationToken(canceled: true)));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _blobs.DeleteAsync("x", new CancellationToken(canceled: true)));
    }

    protected override IBlobStore Store() => _blobs;

    protected override async Task<List<string>> AllAsync()
    {
        var keys = new List<string>();
        foreach (var folder in Folders)
            keys.AddRange(await _blobs.ListAsync(folder, default).Select(blob => blob.Key).ToListAsync());
        keys.Sort(StringComparer.Ordinal);
        return keys;
    }
}

using System.Text;

namespace PhotoPlatform.Storage.Tests;

public sealed class BlobStoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("photoplatform-blobs-").FullName;
    private readonly IBlobStore _blobs;

    public BlobStoreTests() => _blobs = BlobStores.Files(Path.Combine(_folder, "a", "b"));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_blob_is_there_whole_after_its_commit_and_not_before()
    {
        await using (var writer = _blobs.Create("originals/x"))
        {
            await writer.Stream.WriteAsync("first"u8.ToArray());
            await writer.Stream.FlushAsync();
            Assert.Null(await OpenAsync("originals/x"));
            await writer.CommitAsync(default);
            Assert.Equal("first", await TextAsync("originals/x"));
        }
        Assert.Equal("first", await TextAsync("originals/x"));
        Assert.Equal(["originals/x"], Files());
    }

    [Fact]
    public async Task Without_a_commit_nothing_stays()
    {
        await using (var writer = _blobs.Create("originals/x"))
            await writer.Stream.WriteAsync(new byte[100_000]);
        Assert.Empty(Files());
        Assert.Null(await _blobs.ReadAsync("originals/x", default));
    }

    [Fact]
    public async Task A_cancelled_commit_leaves_nothing()
    {
        await using (var writer = _blobs.Create("originals/x"))
        {
            await writer.Stream.WriteAsync("x"u8.ToArray());
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writer.CommitAsync(new CancellationToken(canceled: true)));
        }
        Assert.Empty(Files());
    }

    [Fact]
    public async Task Written_again_a_blob_is_replaced_and_who_reads_the_old_one_reads_it_to_its_end()
    {
        await _blobs.WriteAsync("x", "old"u8.ToArray(), default);
        using var old = new StreamReader((await OpenAsync("x"))!);
        await _blobs.WriteAsync("x", "new"u8.ToArray(), default);
        Assert.Equal("new", await TextAsync("x"));
        Assert.Equal("old", await old.ReadToEndAsync());

        using var last = new StreamReader((await OpenAsync("x"))!);
        await _blobs.DeleteAsync("x", default);
        Assert.Null(await OpenAsync("x"));
        Assert.Equal("new", await last.ReadToEndAsync());
    }

    [Fact]
    public async Task Of_many_writers_of_one_key_each_reader_sees_one_whole()
    {
        var versions = Enumerable.Range(0, 16).Select(i => new string((char)('a' + i), 50_000)).ToArray();
        await Task.WhenAll(versions.Select(version => _blobs.WriteAsync("renditions/p/1/x.webp", Encoding.ASCII.GetBytes(version), default)));
        Assert.Contains(await TextAsync("renditions/p/1/x.webp"), versions);
        Assert.Equal(["renditions/p/1/x.webp"], Files());
    }

    [Fact]
    public async Task Deleting_takes_what_is_named_and_what_is_missing_is_no_error()
    {
        foreach (var key in new[] { "renditions/p/1/a", "renditions/p/2/b", "renditions/q/1/a" })
            await _blobs.WriteAsync(key, "x"u8.ToArray(), default);
        Assert.Equal([("renditions/p/1/a", 1), ("renditions/p/2/b", 1)], (await _blobs.ListAsync("renditions/p", default).ToListAsync()).Select(blob => (blob.Key, blob.Bytes)).Order());
        await _blobs.DeleteFolderAsync("renditions/p", default);
        await _blobs.DeleteFolderAsync("renditions/p", default);
        await _blobs.DeleteAsync("renditions/p/1/a", default);
        await _blobs.DeleteAsync("renditions/q/1/none", default);
        Assert.Equal(["renditions/q/1/a"], Files());
        Assert.Empty(await _blobs.ListAsync("renditions/p", default).ToListAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData("/etc/passwd")]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    [InlineData("a//b")]
    [InlineData("a/")]
    [InlineData(".incoming/x")]
    [InlineData("a/.hidden")]
    [InlineData("a\\b")]
    [InlineData("a\0b")]
    [InlineData("a b")]
    [InlineData("a\nb")]
    [InlineData("ü")]
    public async Task A_key_that_is_none_is_refused_everywhere(string key)
    {
        Assert.Throws<ArgumentException>(() => _blobs.Create(key));
        await Assert.ThrowsAsync<ArgumentException>(() => OpenAsync(key));
        await Assert.ThrowsAsync<ArgumentException>(() => _blobs.DeleteAsync(key, default));
        await Assert.ThrowsAsync<ArgumentException>(() => _blobs.DeleteFolderAsync(key, default));
        await Assert.ThrowsAsync<ArgumentException>(async () => await _blobs.ListAsync(key, default).ToListAsync());
        await Assert.ThrowsAsync<ArgumentException>(() => _blobs.ReadAsync(key, default));
        await Assert.ThrowsAsync<ArgumentException>(() => OpenAsync(new string('x', 201)));
        Assert.Empty(Files());
    }

    [Theory]
    [InlineData(0, null, "0123456789")]
    [InlineData(3, null, "3456789")]
    [InlineData(3, 4, "3456")]
    [InlineData(9, 1, "9")]
    [InlineData(10, null, "")]
    public async Task A_part_of_a_blob_can_be_read(long offset, int? length, string expected)
    {
        await _blobs.WriteAsync("x", "0123456789"u8.ToArray(), default);
        using var part = new StreamReader((await _blobs.OpenReadAsync("x", offset, length, default))!);
        Assert.Equal(expected, await part.ReadToEndAsync());
    }

    private Task<Stream?> OpenAsync(string key) => _blobs.OpenReadAsync(key, 0, null, default);

    private async Task<string> TextAsync(string key) => Encoding.UTF8.GetString((await _blobs.ReadAsync(key, default))!);

    private List<string> Files() => [.. Directory.EnumerateFiles(Path.Combine(_folder, "a", "b"), "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Path.Combine(_folder, "a", "b"), file)).Order()];
}

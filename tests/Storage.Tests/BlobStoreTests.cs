using System.Text;

namespace PhotoPlatform.Storage.Tests;

public sealed class BlobStoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("photoplatform-blobs-").FullName;
    private readonly BlobStore _blobs;

    public BlobStoreTests() => _blobs = new BlobStore(Path.Combine(_folder, "a", "b"));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_blob_is_there_whole_after_its_commit_and_not_before()
    {
        await using (var writer = _blobs.Create("originals/x"))
        {
            await writer.Stream.WriteAsync("first"u8.ToArray());
            await writer.Stream.FlushAsync();
            Assert.Null(_blobs.OpenRead("originals/x"));
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
        using var old = new StreamReader(_blobs.OpenRead("x")!);
        await _blobs.WriteAsync("x", "new"u8.ToArray(), default);
        Assert.Equal("new", await TextAsync("x"));
        Assert.Equal("old", await old.ReadToEndAsync());

        using var last = new StreamReader(_blobs.OpenRead("x")!);
        _blobs.Delete("x");
        Assert.Null(_blobs.OpenRead("x"));
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
        Assert.Equal(2, _blobs.Keys("renditions/p").Count());
        _blobs.DeleteFolder("renditions/p");
        _blobs.DeleteFolder("renditions/p");
        _blobs.Delete("renditions/p/1/a");
        _blobs.Delete("renditions/q/1/none");
        Assert.Equal(["renditions/q/1/a"], Files());
        Assert.Empty(_blobs.Keys("renditions/p"));
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
        Assert.Throws<ArgumentException>(() => _blobs.OpenRead(key));
        Assert.Throws<ArgumentException>(() => _blobs.Delete(key));
        Assert.Throws<ArgumentException>(() => _blobs.DeleteFolder(key));
        Assert.Throws<ArgumentException>(() => _blobs.Keys(key).Any());
        await Assert.ThrowsAsync<ArgumentException>(() => _blobs.ReadAsync(key, default));
        Assert.Throws<ArgumentException>(() => _blobs.OpenRead(new string('x', 201)));
        Assert.Empty(Files());
    }

    private async Task<string> TextAsync(string key) => Encoding.UTF8.GetString((await _blobs.ReadAsync(key, default))!);

    private List<string> Files() => [.. Directory.EnumerateFiles(Path.Combine(_folder, "a", "b"), "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Path.Combine(_folder, "a", "b"), file)).Order()];
}

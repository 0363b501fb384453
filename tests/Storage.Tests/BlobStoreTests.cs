using System.Security.Cryptography;
using System.Text;

namespace PhotoPlatform.Storage.Tests;

/// <summary>What every storage promises.</summary>
public abstract class BlobStoreTests
{
    private IBlobStore Blobs => Store();

    [Fact]
    public async Task A_blob_is_there_whole_after_its_commit_and_not_before()
    {
        await using (var writer = Blobs.Create("originals/x"))
        {
            await writer.Stream.WriteAsync("first"u8.ToArray());
            await writer.Stream.FlushAsync();
            Assert.Null(await OpenAsync("originals/x"));
            await writer.CommitAsync(default);
            Assert.Equal("first", await TextAsync("originals/x"));
        }
        Assert.Equal("first", await TextAsync("originals/x"));
        Assert.Equal(["originals/x"], await AllAsync());
    }

    [Fact]
    public async Task Without_a_commit_nothing_stays()
    {
        await using (var writer = Blobs.Create("originals/x"))
            await writer.Stream.WriteAsync(new byte[100_000]);
        Assert.Empty(await AllAsync());
        Assert.Null(await Blobs.ReadAsync("originals/x", default));
    }

    [Fact]
    public async Task A_cancelled_commit_leaves_nothing()
    {
        await using (var writer = Blobs.Create("originals/x"))
        {
            await writer.Stream.WriteAsync("x"u8.ToArray());
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writer.CommitAsync(new CancellationToken(canceled: true)));
        }
        Assert.Empty(await AllAsync());
    }

    [Fact]
    public async Task Written_again_a_blob_is_replaced_and_who_reads_the_old_one_reads_it_to_its_end()
    {
        await Blobs.WriteAsync("x", "old"u8.ToArray(), default);
        using var old = new StreamReader((await OpenAsync("x"))!);
        await Blobs.WriteAsync("x", "new"u8.ToArray(), default);
        Assert.Equal("new", await TextAsync("x"));
        Assert.Equal("old", await old.ReadToEndAsync());

        using var last = new StreamReader((await OpenAsync("x"))!);
        await Blobs.DeleteAsync("x", default);
        Assert.Null(await OpenAsync("x"));
        Assert.Equal("new", await last.ReadToEndAsync());
    }

    [Fact]
    public async Task Of_many_writers_of_one_key_each_reader_sees_one_whole()
    {
        var versions = Enumerable.Range(0, 16).Select(i => new string((char)('a' + i), 50_000)).ToArray();
        await Task.WhenAll(versions.Select(version => Blobs.WriteAsync("renditions/p/1/x.webp", Encoding.ASCII.GetBytes(version), default)));
        Assert.Contains(await TextAsync("renditions/p/1/x.webp"), versions);
        Assert.Equal(["renditions/p/1/x.webp"], await AllAsync());
    }

    [Fact]
    public async Task Deleting_takes_what_is_named_and_what_is_missing_is_no_error()
    {
        foreach (var key in new[] { "renditions/p/1/a", "renditions/p/2/b", "renditions/q/1/a" })
            await Blobs.WriteAsync(key, "x"u8.ToArray(), default);
        Assert.Equal([("renditions/p/1/a", 1), ("renditions/p/2/b", 1)], (await Blobs.ListAsync("renditions/p", default).ToListAsync()).Select(blob => (blob.Key, blob.Bytes)).Order());
        await Blobs.DeleteFolderAsync("renditions/p", default);
        await Blobs.DeleteFolderAsync("renditions/p", default);
        await Blobs.DeleteAsync("renditions/p/1/a", default);
        await Blobs.DeleteAsync("renditions/q/1/none", default);
        Assert.Equal(["renditions/q/1/a"], await AllAsync());
        Assert.Empty(await Blobs.ListAsync("renditions/p", default).ToListAsync());
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
        Assert.Throws<ArgumentException>(() => Blobs.Create(key));
        await Assert.ThrowsAsync<ArgumentException>(() => OpenAsync(key));
        await Assert.ThrowsAsync<ArgumentException>(() => Blobs.DeleteAsync(key, default));
        await Assert.ThrowsAsync<ArgumentException>(() => Blobs.DeleteFolderAsync(key, default));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Blobs.ListAsync(key, default).ToListAsync());
        await Assert.ThrowsAsync<ArgumentException>(() => Blobs.ReadAsync(key, default));
        await Assert.ThrowsAsync<ArgumentException>(() => OpenAsync(new string('x', 201)));
        Assert.Empty(await AllAsync());
    }

    [Theory]
    [InlineData(0, null, "0123456789")]
    [InlineData(3, null, "3456789")]
    [InlineData(3, 4, "3456")]
    [InlineData(9, 1, "9")]
    [InlineData(10, null, "")]
    public async Task A_part_of_a_blob_can_be_read(long offset, int? length, string expected)
    {
        await Blobs.WriteAsync("x", "0123456789"u8.ToArray(), default);
        using var part = new StreamReader((await Blobs.OpenReadAsync("x", offset, length, default))!);
        Assert.Equal(expected, await part.ReadToEndAsync());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(8 * 1024 * 1024)]
    [InlineData(8 * 1024 * 1024 + 1)]
    [InlineData(20_000_000)]
    public async Task A_blob_of_any_size_is_read_as_it_was_written(int size)
    {
        var bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        await using (var writer = Blobs.Create("originals/x"))
        {
            for (var at = 0; at < size; at += 700_000)
                await writer.Stream.WriteAsync(bytes.AsMemory(at, Math.Min(700_000, size - at)));
            await writer.CommitAsync(default);
        }
        Assert.Equal(Convert.ToHexString(SHA256.HashData(bytes)), Convert.ToHexString(SHA256.HashData((await Blobs.ReadAsync("originals/x", default))!)));
        Assert.Equal([size], (await Blobs.ListAsync("originals", default).ToListAsync()).Select(blob => blob.Bytes));
        if (size > 1_000_000)
        {
            await using var part = (await Blobs.OpenReadAsync("originals/x", size - 600_000, 500_000, default))!;
            using var read = new MemoryStream();
            await part.CopyToAsync(read);
            Assert.True(bytes.AsSpan(size - 600_000, 500_000).SequenceEqual(read.ToArray()));
        }
    }

    [Fact]
    public async Task A_large_blob_that_is_given_up_leaves_nothing()
    {
        await using (var writer = Blobs.Create("originals/x"))
            await writer.Stream.WriteAsync(new byte[20_000_000]);
        Assert.Null(await Blobs.ReadAsync("originals/x", default));
        Assert.Empty(await AllAsync());
    }

    [Fact]
    public async Task A_listing_tells_when_each_blob_was_written()
    {
        var before = TimeProvider.System.GetUtcNow().AddSeconds(-2);
        await Blobs.WriteAsync("a/x", "x"u8.ToArray(), default);
        var blob = Assert.Single(await Blobs.ListAsync("a", default).ToListAsync());
        Assert.InRange(blob.WrittenAt, before, TimeProvider.System.GetUtcNow().AddSeconds(2));
    }

    [Fact]
    public async Task A_folder_of_many_blobs_is_listed_and_deleted_whole_and_its_neighbours_stay()
    {
        const int Count = 1100;
        foreach (var batch in Enumerable.Range(0, Count).Chunk(50))
            await Task.WhenAll(batch.Select(i => Blobs.WriteAsync($"a/{i % 3}/{i}", "x"u8.ToArray(), default)));
        await Blobs.WriteAsync("ab/1", "x"u8.ToArray(), default);
        Assert.Equal(Count, (await Blobs.ListAsync("a", default).Select(blob => blob.Key).ToListAsync()).Distinct().Count());
        await Blobs.DeleteFolderAsync("a", default);
        Assert.Equal(["ab/1"], await AllAsync());
    }

    private Task<Stream?> OpenAsync(string key) => Blobs.OpenReadAsync(key, 0, null, default);

    private async Task<string> TextAsync(string key) => Encoding.UTF8.GetString((await Blobs.ReadAsync(key, default))!);

    /// <summary>The storage, the same for the whole test.</summary>
    protected abstract IBlobStore Store();

    /// <summary>Every key, and whatever else lies there.</summary>
    protected abstract Task<List<string>> AllAsync();
}

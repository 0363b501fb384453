using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using PhotoPlatform.ServiceDefaults.Identity;

namespace PhotoPlatform.Media.Tests;

public sealed class DeliveryTests(RunningMedia media) : IClassFixture<RunningMedia>
{
    [Fact]
    public async Task A_rendition_comes_with_its_bytes_and_the_headers_that_keep_it_harmless()
    {
        using var owner = media.NewOwner();
        var photo = await owner.ReadyPhotoAsync("?visibility=public");
        foreach (var rendition in photo.Renditions)
        {
            using var response = await owner.GetAsync(rendition.Url);
            var bytes = await response.Content.ReadAsByteArrayAsync();
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal(RunningMedia.BytesOf(rendition.Name), bytes);
            Assert.Equal($"\"{Convert.ToHexStringLower(SHA256.HashData(bytes))}\"", response.Headers.ETag!.ToString());
            Assert.Equal("image/webp", response.Content.Headers.ContentType!.ToString());
            Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
            Assert.Equal("default-src 'none'; sandbox", Assert.Single(response.Headers.GetValues("Content-Security-Policy")));
            Assert.Equal("public, max-age=31536000, immutable", Assert.Single(response.Headers.GetValues("Cache-Control")));
        }
    }

    [Fact]
    public async Task Conditions_ranges_and_head_are_understood()
    {
        using var owner = media.NewOwner();
        var url = (await owner.ReadyPhotoAsync()).UrlOf("large");
        var bytes = RunningMedia.BytesOf("large");
        using var whole = await owner.GetAsync(url);
        var tag = whole.Headers.ETag!;

        using var same = await SendAsync(owner, url, request => request.Headers.IfNoneMatch.Add(tag));
        Assert.Equal((HttpStatusCode.NotModified, tag), (same.StatusCode, same.Headers.ETag));
        Assert.Empty(await same.Content.ReadAsByteArrayAsync());
        using var other = await SendAsync(owner, url, request => request.Headers.IfNoneMatch.Add(new EntityTagHeaderValue("\"other\"")));
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);

        using var weak = await SendAsync(owner, url, request => request.Headers.IfNoneMatch.Add(new EntityTagHeaderValue(tag.Tag, isWeak: true)));
        Assert.Equal(HttpStatusCode.NotModified, weak.StatusCode);
        foreach (var (wanted, status) in new[] { (tag, HttpStatusCode.OK), (EntityTagHeaderValue.Any, HttpStatusCode.OK), (new EntityTagHeaderValue(tag.Tag, isWeak: true), HttpStatusCode.PreconditionFailed), (new EntityTagHeaderValue("\"other\""), HttpStatusCode.PreconditionFailed) })
        {
            using var matching = await SendAsync(owner, url, request => request.Headers.IfMatch.Add(wanted));
            Assert.Equal(status, matching.StatusCode);
        }

        using var part = await SendAsync(owner, url, request => request.Headers.Range = new RangeHeaderValue(4, 8));
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal(bytes[4..9], await part.Content.ReadAsByteArrayAsync());
        Assert.Equal($"bytes 4-8/{bytes.Length}", part.Content.Headers.ContentRange!.ToString());
        using var end = await SendAsync(owner, url, request => request.Headers.Range = new RangeHeaderValue(null, 5));
        Assert.Equal(bytes[^5..], await end.Content.ReadAsByteArrayAsync());
        using var outside = await SendAsync(owner, url, request => request.Headers.Range = new RangeHeaderValue(5000, null));
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, outside.StatusCode);
        Assert.Equal(($"bytes */{bytes.Length}", null), (outside.Content.Headers.ContentRange!.ToString(), outside.Headers.CacheControl?.MaxAge));
        using var empty = await SendAsync(owner, url, request => request.Headers.TryAddWithoutValidation("Range", "bytes=-0"));
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, empty.StatusCode);
        using var all = await SendAsync(owner, url, request => request.Headers.TryAddWithoutValidation("Range", "bytes=-99999"));
        Assert.Equal((HttpStatusCode.PartialContent, $"bytes 0-{bytes.Length - 1}/{bytes.Length}"), (all.StatusCode, all.Content.Headers.ContentRange!.ToString()));
        foreach (var nonsense in new[] { "bytes=8-4", "bytes=", "bytes=a-b", "lines=0-1", "bytes=99999999999999999999-", "bytes=0-0,2-2" })
        {
            using var ignored = await SendAsync(owner, url, request => request.Headers.TryAddWithoutValidation("Range", nonsense));
            Assert.True(ignored.StatusCode == HttpStatusCode.OK, $"{nonsense}: {ignored.StatusCode}");
            Assert.Equal(bytes, await ignored.Content.ReadAsByteArrayAsync());
        }
        foreach (var (condition, status) in new[] { (tag.ToString(), HttpStatusCode.PartialContent), ($"W/{tag}", HttpStatusCode.OK), ("\"other\"", HttpStatusCode.OK), ("Sat, 21 Nov 2026 09:00:00 GMT", HttpStatusCode.OK), ("nonsense", HttpStatusCode.OK) })
        {
            using var conditional = await SendAsync(owner, url, request =>
            {
                request.Headers.Range = new RangeHeaderValue(0, 0);
                request.Headers.TryAddWithoutValidation("If-Range", condition);
            });
            Assert.True(status == conditional.StatusCode, $"{condition}: {conditional.StatusCode}");
        }
        using var many = await SendAsync(owner, url, request => request.Headers.TryAddWithoutValidation("Range", "bytes=" + string.Join(',', Enumerable.Range(0, 1000).Select(i => $"{i}-"))));
        Assert.Equal(bytes, await many.Content.ReadAsByteArrayAsync());

        using var head = await SendAsync(owner, url, request => request.Method = HttpMethod.Head);
        Assert.Equal((HttpStatusCode.OK, bytes.Length, tag), (head.StatusCode, (int)head.Content.Headers.ContentLength!, head.Headers.ETag));
        using var headOfPart = await SendAsync(owner, url, request => (request.Method, request.Headers.Range) = (HttpMethod.Head, new RangeHeaderValue(0, 0)));
        Assert.Equal((HttpStatusCode.OK, bytes.Length), (headOfPart.StatusCode, (int)headOfPart.Content.Headers.ContentLength!));
    }

    [Theory]
    [InlineData("private", HttpStatusCode.NotFound)]
    [InlineData("unlisted", HttpStatusCode.OK)]
    [InlineData("public", HttpStatusCode.OK)]
    public async Task A_private_rendition_is_for_its_owner_alone(string visibility, HttpStatusCode forOthers)
    {
        using var owner = media.NewOwner();
        using var stranger = media.NewOwner();
        using var anonymous = media.Service.Client();
        var url = (await owner.ReadyPhotoAsync($"?visibility={visibility}")).UrlOf("thumb").Split('?')[0];

        using var own = await owner.GetAsync(url);
        Assert.Equal(HttpStatusCode.OK, own.StatusCode);
        Assert.Equal(visibility == "private", own.Headers.CacheControl!.Private);
        using var foreign = await stranger.GetAsync(url);
        Assert.Equal(forOthers, foreign.StatusCode);
        using var nobodys = await anonymous.GetAsync(new Uri(url, UriKind.Relative));
        Assert.Equal(forOthers, nobodys.StatusCode);
        if (forOthers == HttpStatusCode.NotFound)
        {
            // Not even by the tag that the owner has.
            using var guess = await SendAsync(stranger, url, request => request.Headers.IfNoneMatch.Add(own.Headers.ETag!));
            await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, guess);
        }
    }

    [Fact]
    public async Task Another_version_epoch_or_name_is_not_found()
    {
        using var owner = media.NewOwner();
        var photo = await owner.ReadyPhotoAsync("?visibility=public");
        foreach (var path in new[]
        {
            $"{photo.Id}/2/1/large.webp", $"{photo.Id}/1/2/large.webp", $"{photo.Id}/1/0/large.webp", $"{photo.Id}/1/1/huge.webp", $"{photo.Id}/1/1/LARGE.webp", $"{photo.Id}/1/1/large.jpg", $"{photo.Id}/1/1/large",
            $"{photo.Id}/1/1/..%2f..%2flarge.webp", $"{photo.Id}/99999999999/1/large.webp", $"{photo.Id}/-1/1/large.webp", $"{photo.Id}/1/1/{new string('x', 5000)}.webp", $"{Guid.NewGuid()}/1/1/large.webp", "", $"{photo.Id}",
        })
            await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await owner.GetAsync($"/media/{path}"), path);
    }

    [Fact]
    public async Task What_a_reader_has_is_told_before_the_blob_is_opened_and_a_lost_blob_is_not_found()
    {
        using var owner = media.NewOwner();
        var photo = await owner.ReadyPhotoAsync("?visibility=public");
        using var whole = await owner.GetAsync(photo.UrlOf("large"));
        File.Delete(Path.Combine(media.Blobs, "renditions", photo.Id.ToString(), "1", "abc-large.webp"));

        using var same = await SendAsync(owner, photo.UrlOf("large"), request => request.Headers.IfNoneMatch.Add(whole.Headers.ETag!));
        Assert.Equal(HttpStatusCode.NotModified, same.StatusCode);
        Assert.Equal("public, max-age=31536000, immutable", same.Headers.CacheControl!.ToString());
        using var lost = await owner.GetAsync(photo.UrlOf("large"));
        Assert.Null(lost.Headers.CacheControl);
        await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, lost);
    }

    [Fact]
    public async Task Many_slow_readers_of_a_large_rendition_keep_memory_flat()
    {
        const int Readers = 150;
        const int Size = 16 * 1024 * 1024;
        const long Bound = 64L * 1024 * 1024;
        using var owner = media.NewOwner();
        var photo = await owner.ReadyPhotoAsync("?visibility=public");
        await File.WriteAllBytesAsync(Path.Combine(media.Blobs, "renditions", photo.Id.ToString(), "1", "abc-large.webp"), new byte[Size]);
        await media.Environment.QueryAsync<int>("media", "UPDATE renditions SET bytes = $2 WHERE photo_id = $1 AND name = 'large' RETURNING 1", photo.Id, (long)Size);
        var identity = Assert.Single(owner.Http.DefaultRequestHeaders.GetValues(IdentitySigner.Header));
        var request = Encoding.ASCII.GetBytes($"GET {photo.UrlOf("large")} HTTP/1.1\r\nHost: media\r\n{IdentitySigner.Header}: {identity}\r\nRange: bytes=0-\r\n\r\n");

        var before = GC.GetTotalMemory(forceFullCollection: true);
        var readers = new List<TcpClient>();
        try
        {
            for (var i = 0; i < Readers; i++)
            {
                var reader = new TcpClient { ReceiveBufferSize = 4096 };
                readers.Add(reader);
                await reader.ConnectAsync(media.Service.Address.Host, media.Service.Address.Port);
                await reader.GetStream().WriteAsync(request);
            }
            // Each has its answer's first bytes, and reads no more for now.
            var first = new byte[12];
            foreach (var reader in readers)
            {
                await reader.GetStream().ReadExactlyAsync(first);
                Assert.Equal("HTTP/1.1 206", Encoding.ASCII.GetString(first));
            }
            var held = GC.GetTotalMemory(forceFullCollection: true) - before;
            TestContext.Current.TestOutputHelper?.WriteLine($"{Readers} readers of {Size:N0} bytes hold {held:N0} bytes of managed memory");
            Assert.InRange(held, long.MinValue, Bound);
        }
        finally
        {
            readers.ForEach(reader => reader.Dispose());
        }
    }

    [Fact]
    public async Task A_pending_photo_has_no_renditions_and_an_original_no_address()
    {
        using var owner = media.NewOwner();
        var photo = await owner.UploadAsync("?visibility=public");
        foreach (var path in new[] { $"/media/{photo}/1/1/large.webp", $"/media/originals/{photo}", $"/api/photos/{photo}/original" })
            await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await owner.GetAsync(path), path);
    }

    private static async Task<HttpResponseMessage> SendAsync(Owner owner, string url, Action<HttpRequestMessage> change)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        change(request);
        return await owner.Http.SendAsync(request);
    }
}

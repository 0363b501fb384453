using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;

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

        using var part = await SendAsync(owner, url, request => request.Headers.Range = new RangeHeaderValue(4, 8));
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal(bytes[4..9], await part.Content.ReadAsByteArrayAsync());
        Assert.Equal($"bytes 4-8/{bytes.Length}", part.Content.Headers.ContentRange!.ToString());
        using var end = await SendAsync(owner, url, request => request.Headers.Range = new RangeHeaderValue(null, 5));
        Assert.Equal(bytes[^5..], await end.Content.ReadAsByteArrayAsync());
        using var outside = await SendAsync(owner, url, request => request.Headers.Range = new RangeHeaderValue(5000, null));
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, outside.StatusCode);
        using var many = await SendAsync(owner, url, request => request.Headers.TryAddWithoutValidation("Range", "bytes=" + string.Join(',', Enumerable.Range(0, 1000).Select(i => $"{i}-"))));
        Assert.Equal(bytes, await many.Content.ReadAsByteArrayAsync());

        using var head = await SendAsync(owner, url, request => request.Method = HttpMethod.Head);
        Assert.Equal((HttpStatusCode.OK, bytes.Length, tag), (head.StatusCode, (int)head.Content.Headers.ContentLength!, head.Headers.ETag));
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
        var url = (await owner.ReadyPhotoAsync($"?visibility={visibility}")).UrlOf("thumb");

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

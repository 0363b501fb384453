using System.Net;
using System.Net.Http.Json;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Media.Tests;

public sealed class PhotoTests(RunningMedia media) : IClassFixture<RunningMedia>
{
    [Fact]
    public async Task A_foreign_photo_an_unknown_one_and_a_deleted_one_look_the_same()
    {
        using var owner = media.NewOwner();
        using var stranger = media.NewOwner();
        var photo = await owner.UploadAsync("?visibility=public");
        var deleted = await stranger.UploadAsync();
        using (var gone = await stranger.DeleteAsync(deleted))
            Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);

        var answers = new List<string>();
        foreach (var id in new[] { photo, deleted, Guid.NewGuid() })
        {
            using var get = await stranger.GetAsync($"/api/photos/{id}");
            using var delete = await stranger.DeleteAsync(id);
            Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (get.StatusCode, delete.StatusCode));
            answers.Add(await get.WithoutTraceAsync());
            answers.Add(await delete.WithoutTraceAsync());
        }
        Assert.Single(answers.Distinct());
        Assert.Equal("pending", (await owner.GetAsync(photo)).State);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("..%2f..%2fetc")]
    [InlineData("00000000-0000-0000-0000-000000000000")]
    [InlineData("'%20OR%201=1")]
    public async Task An_id_that_is_none_is_not_found(string id)
    {
        using var owner = media.NewOwner();
        await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await owner.GetAsync($"/api/photos/{id}"));
    }

    [Fact]
    public async Task The_list_has_ones_own_photos_newest_first_page_by_page()
    {
        using var owner = media.NewOwner();
        using var other = media.NewOwner();
        var uploaded = new List<Guid>();
        for (var i = 0; i < 25; i++)
            uploaded.Add(await owner.UploadAsync($"?title={i}"));
        await other.UploadAsync("?visibility=public");

        var first = await PageAsync(owner, "?limit=10");
        var late = await owner.UploadAsync("?title=late");
        var second = await PageAsync(owner, $"?limit=10&cursor={first.Next}");
        var third = await PageAsync(owner, $"?limit=10&cursor={second.Next}");

        Assert.Equal([10, 10, 5], new[] { first, second, third }.Select(page => page.Items.Count));
        Assert.Null(third.Next);
        Assert.Equal(uploaded.Order().Reverse(), new[] { first, second, third }.SelectMany(page => page.Items).Select(photo => photo.Id));
        Assert.Equal(late, (await PageAsync(owner, "")).Items[0].Id);
        Assert.Equal(26, (await PageAsync(owner, "?limit=100")).Items.Count);
    }

    [Fact]
    public async Task A_page_that_is_full_and_last_has_no_next()
    {
        using var owner = media.NewOwner();
        await owner.UploadAsync();
        await owner.UploadAsync();
        Assert.Null((await PageAsync(owner, "?limit=2")).Next);
        Assert.NotNull((await PageAsync(owner, "?limit=1")).Next);
        using var nobody = media.NewOwner();
        Assert.Equivalent(new Page([], null), await PageAsync(nobody, "?cursor=&limit="));
    }

    [Theory]
    [InlineData("cursor", "abc")]
    [InlineData("cursor", "00000000000000000000000000000000")]
    [InlineData("cursor", "%00")]
    [InlineData("cursor", "';--")]
    [InlineData("limit", "0")]
    [InlineData("limit", "101")]
    [InlineData("limit", "-1")]
    [InlineData("limit", "ten")]
    [InlineData("limit", "99999999999")]
    [InlineData("limit", "1&limit=2")]
    public async Task A_bad_cursor_or_limit_is_named(string parameter, string value)
    {
        using var owner = media.NewOwner();
        var problem = await RunningMedia.AssertProblemAsync(HttpStatusCode.BadRequest, await owner.GetAsync($"/api/photos?{parameter}={value}"));
        Assert.Equal([parameter], problem.GetProperty("errors").EnumerateObject().Select(error => error.Name));
    }

    [Fact]
    public async Task A_deleted_photo_is_gone_at_once_and_its_blobs_follow()
    {
        using var owner = media.NewOwner();
        var photo = await owner.ReadyPhotoAsync("?visibility=public");
        Assert.Contains($"originals/{photo.Id}", media.Files());
        Assert.Equal(4, media.Files().Count(file => file.StartsWith($"renditions/{photo.Id}/", StringComparison.Ordinal)));

        using var deleted = await owner.DeleteAsync(photo.Id);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        foreach (var path in new[] { $"/api/photos/{photo.Id}", photo.UrlOf("large") })
            await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await owner.GetAsync(path));
        await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await owner.DeleteAsync(photo.Id));
        await Eventually.GetAsync(() => Task.FromResult(media.Files()), files => !files.Any(file => file.Contains(photo.Id.ToString(), StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Deleted_twice_at_once_it_is_deleted_once()
    {
        using var owner = media.NewOwner();
        var photo = await owner.UploadAsync();
        var responses = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => owner.DeleteAsync(photo)));
        Assert.Equal(1, responses.Count(response => response.StatusCode == HttpStatusCode.NoContent));
        Assert.Equal(7, responses.Count(response => response.StatusCode == HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task Without_an_identity_every_endpoint_but_the_probes_refuses()
    {
        using var client = media.Service.ClientWithoutIdentity();
        using var anonymous = media.Service.Client();
        var refused = 0;
        foreach (var endpoint in media.Service.Endpoints.Where(endpoint => endpoint.RoutePattern.RawText is not ("/health" or "/alive")))
        {
            var path = endpoint.RoutePattern.RawText!.Replace("{id:guid}", Guid.NewGuid().ToString(), StringComparison.Ordinal).Replace("{photoId:guid}", Guid.NewGuid().ToString(), StringComparison.Ordinal)
                .Replace("{version:int}", "1", StringComparison.Ordinal).Replace("{epoch:int}", "1", StringComparison.Ordinal).Replace("{name}", "large", StringComparison.Ordinal)
                .Replace("{handle}", "nobody", StringComparison.Ordinal);
            Assert.DoesNotContain('{', path);
            foreach (var method in endpoint.Metadata.GetMetadata<Microsoft.AspNetCore.Routing.HttpMethodMetadata>()!.HttpMethods.Where(method => method != "HEAD"))
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), path);
                await RunningMedia.AssertProblemAsync(HttpStatusCode.Unauthorized, await client.SendAsync(request), path);
                using var anonymously = new HttpRequestMessage(new HttpMethod(method), path);
                using var response = await anonymous.SendAsync(anonymously);
                // Renditions and galleries may be public; everything else is for somebody.
                Assert.Equal(path.StartsWith("/media/", StringComparison.Ordinal) || path.StartsWith("/api/users/", StringComparison.Ordinal) ? HttpStatusCode.NotFound : HttpStatusCode.Unauthorized, response.StatusCode);
                refused++;
            }
        }
        Assert.True(refused >= 12, $"{refused} endpoints");
    }

    private static async Task<Page> PageAsync(Owner owner, string query) => (await owner.Http.GetFromJsonAsync<Page>($"/api/photos{query}"))!;
}

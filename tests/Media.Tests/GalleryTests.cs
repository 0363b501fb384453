using System.Net;
using System.Net.Http.Headers;
using PhotoPlatform.Contracts;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Media.Tests;

public sealed class GalleryTests(RunningMedia media) : IClassFixture<RunningMedia>
{
    [Fact]
    public async Task Everybody_sees_the_public_photos_that_are_ready_and_no_others()
    {
        using var owner = media.NewOwner();
        using var stranger = media.NewOwner();
        using var anonymous = media.Service.Client();
        var shown = await owner.ReadyPhotoAsync("?visibility=public&title=shown");
        using var described = await owner.PatchAsync(shown.Id, new { description = "seen by all" });
        await owner.ReadyPhotoAsync("?visibility=unlisted");
        await owner.ReadyPhotoAsync("?visibility=private");
        await owner.UploadAsync("?visibility=public");
        await media.SeedAsync(owner.Id, 1, state: "Failed");
        var portrait = (await media.SeedAsync(owner.Id, 1))[0];
        await media.Environment.QueryAsync<int>("media", "UPDATE photos SET avatar = true WHERE id = $1 RETURNING 1", portrait);
        await stranger.ReadyPhotoAsync("?visibility=public");
        var handle = await owner.RegisterAsync();

        using var response = await anonymous.GetAsync(new Uri($"/api/users/{handle}/photos", UriKind.Relative));
        var text = await response.Content.ReadAsStringAsync();
        Assert.DoesNotContain(owner.Id.ToString(), text, StringComparison.Ordinal);
        var page = System.Text.Json.JsonSerializer.Deserialize<SharedPage>(text, System.Text.Json.JsonSerializerOptions.Web)!;
        var photo = Assert.Single(page.Items);
        Assert.Equal((shown.Id, handle, "shown", "seen by all", 4), (photo.Id, photo.Owner, photo.Title, photo.Description, photo.Renditions.Count));
        foreach (var rendition in photo.Renditions)
        {
            using var bytes = await anonymous.GetAsync(new Uri(rendition.Url, UriKind.Relative));
            Assert.Equal(RunningMedia.BytesOf(rendition.Name), await bytes.Content.ReadAsByteArrayAsync());
        }
        using var again = new HttpRequestMessage(HttpMethod.Get, $"/api/users/{handle}/photos") { Headers = { IfNoneMatch = { response.Headers.ETag! } } };
        using var same = await anonymous.SendAsync(again);
        Assert.Equal(HttpStatusCode.NotModified, same.StatusCode);

        using var hidden = await owner.PatchAsync(shown.Id, new { visibility = "private" });
        Assert.Empty((await GalleryAsync(stranger, handle)).Items);
    }

    [Fact]
    public async Task The_gallery_comes_newest_first_page_by_page()
    {
        using var owner = media.NewOwner();
        using var stranger = media.NewOwner();
        var photos = await media.SeedAsync(owner.Id, 25);
        await media.SeedAsync(owner.Id, 25, visibility: "Private");
        var handle = await owner.RegisterAsync();

        var seen = new List<Guid>();
        var sizes = new List<int>();
        for (string? next = ""; next is not null;)
        {
            var page = await GalleryAsync(stranger, handle, $"?limit=10&cursor={next}");
            seen.AddRange(page.Items.Select(photo => photo.Id));
            (next, sizes) = (page.Next, [.. sizes, page.Items.Count]);
        }
        Assert.Equal(Enumerable.Reverse(photos), seen);
        Assert.Equal([10, 10, 5], sizes);
    }

    [Fact]
    public async Task An_unknown_handle_is_not_found_and_a_known_one_without_photos_is_empty()
    {
        using var owner = media.NewOwner();
        using var anonymous = media.Service.Client();
        var handle = await owner.RegisterAsync();
        Assert.Equivalent(new SharedPage([], null), await GalleryAsync(owner, handle));
        foreach (var unknown in new[] { "nobody_here", handle.ToUpperInvariant(), "%01", "a%20b", "%25", new string('x', 5000), "%ED%A0%80", "..%2f..", "☃" })
        {
            foreach (var path in new[] { $"/api/users/{unknown}/photos", $"/api/users/{unknown}/photos/{Guid.NewGuid()}" })
                await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await anonymous.GetAsync(new Uri(path, UriKind.Relative)), path);
        }
    }

    [Theory]
    [InlineData("cursor", "abc")]
    [InlineData("limit", "0")]
    [InlineData("limit", "101")]
    public async Task A_bad_cursor_or_limit_is_named(string parameter, string value)
    {
        using var anonymous = media.Service.Client();
        var problem = await RunningMedia.AssertProblemAsync(HttpStatusCode.BadRequest, await anonymous.GetAsync(new Uri($"/api/users/nobody/photos?{parameter}={value}", UriKind.Relative)));
        Assert.Equal([parameter], problem.GetProperty("errors").EnumerateObject().Select(error => error.Name));
    }

    [Theory]
    [InlineData("public", HttpStatusCode.OK)]
    [InlineData("unlisted", HttpStatusCode.OK)]
    [InlineData("private", HttpStatusCode.NotFound)]
    public async Task One_photo_is_shown_to_others_unless_it_is_private(string visibility, HttpStatusCode status)
    {
        using var owner = media.NewOwner();
        using var other = media.NewOwner();
        using var anonymous = media.Service.Client();
        var photo = await owner.ReadyPhotoAsync($"?visibility={visibility}");
        var pending = await owner.UploadAsync($"?visibility={visibility}");
        var (handle, others) = (await owner.RegisterAsync(), await other.RegisterAsync());

        foreach (var caller in new[] { owner.Http, other.Http, anonymous })
        {
            using var found = await caller.GetAsync(new Uri($"/api/users/{handle}/photos/{photo.Id}", UriKind.Relative));
            Assert.Equal(status, found.StatusCode);
            Assert.Equal(status == HttpStatusCode.OK, found.Headers.ETag is not null);
            foreach (var path in new[] { $"/api/users/{others}/photos/{photo.Id}", $"/api/users/{handle}/photos/{pending}", $"/api/users/{handle}/photos/{Guid.NewGuid()}" })
                await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await caller.GetAsync(new Uri(path, UriKind.Relative)), path);
        }
    }

    [Fact]
    public async Task A_registration_that_comes_often_late_and_after_the_deletion_has_one_effect()
    {
        using var owner = media.NewOwner();
        await media.SeedAsync(owner.Id, 1);
        var handle = $"late_{owner.Id:N}"[..30];
        var registered = new UserRegistered(owner.Id, handle, "Somebody", "somebody@example.org", DateTimeOffset.UnixEpoch);
        await media.DeliverOftenAsync("media-user-registered", registered);
        Assert.Single((await GalleryAsync(owner, handle)).Items);

        await media.DeliverOftenAsync("media-user-deleted", new UserDeleted(owner.Id, DateTimeOffset.UnixEpoch));
        await media.DeliverOftenAsync("media-user-registered", registered);
        await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await owner.GetAsync($"/api/users/{handle}/photos"));
        Assert.Equal([true], await media.Environment.QueryAsync<bool>("media", "SELECT handle IS NULL AND closed_at IS NOT NULL FROM owners WHERE user_id = $1", owner.Id));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_handle_that_was_taken_again_leads_to_the_newer_account(bool inOrder)
    {
        using var older = media.NewOwner();
        using var newer = media.NewOwner();
        var photo = (await media.SeedAsync(newer.Id, 1))[0];
        var (first, second) = older.Id.CompareTo(newer.Id) < 0 ? (older, newer) : (newer, older);
        var handle = $"again_{first.Id:N}"[..30];
        foreach (var account in inOrder ? new[] { first, second } : [second, first])
            await media.DeliverOftenAsync("media-user-registered", new UserRegistered(account.Id, handle, "Somebody", "somebody@example.org", DateTimeOffset.UnixEpoch));
        Assert.Equal([second.Id], await media.Environment.QueryAsync<Guid>("media", "SELECT user_id FROM owners WHERE handle = $1", handle));
        Assert.Equal(second.Id == newer.Id ? [photo] : [], (await GalleryAsync(older, handle)).Items.Select(item => item.Id));
    }

    private static async Task<SharedPage> GalleryAsync(Owner caller, string handle, string query = "") =>
        System.Text.Json.JsonSerializer.Deserialize<SharedPage>(await caller.Http.GetStringAsync(new Uri($"/api/users/{handle}/photos{query}", UriKind.Relative)), System.Text.Json.JsonSerializerOptions.Web)!;
}

public sealed record SharedPhotoView(Guid Id, string Owner, string Title, string Description, int Width, int Height, string? Placeholder, IReadOnlyList<RenditionView> Renditions, DateTimeOffset CreatedAt);

public sealed record SharedPage(IReadOnlyList<SharedPhotoView> Items, string? Next);

using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;

namespace PhotoPlatform.Media.Tests;

public sealed class ChangeTests(RunningMedia media) : IClassFixture<RunningMedia>
{
    [Fact]
    public async Task What_is_given_changes_and_the_rest_stays()
    {
        using var owner = media.NewOwner();
        var photo = await owner.ReadyPhotoAsync("?visibility=public&title=before");

        using var changed = await owner.PatchAsync(photo.Id, new { description = " first line\r\nsecond ☃ " });
        var answer = (await changed.Content.ReadFromJsonAsync<PhotoView>())!;
        Assert.Equal(("before", "first line\nsecond ☃", "public", photo.UrlOf("large")), (answer.Title, answer.Description, answer.Visibility, answer.UrlOf("large")));
        using var retitled = await owner.PatchAsync(photo.Id, new { title = "after", visibility = (string?)null });
        Assert.Equivalent(answer with { Title = "after" }, await retitled.Content.ReadFromJsonAsync<PhotoView>());
        using var emptied = await owner.PatchAsync(photo.Id, new { title = "", description = "" });
        Assert.Equivalent(answer with { Title = "", Description = "" }, await owner.GetAsync(photo.Id));
    }

    [Theory]
    [InlineData("public", "private")]
    [InlineData("private", "unlisted")]
    [InlineData("unlisted", "public")]
    public async Task A_new_visibility_ends_every_old_address_at_once_and_the_answer_has_new_ones(string from, string to)
    {
        using var owner = media.NewOwner();
        using var stranger = media.NewOwner();
        var photo = await owner.ReadyPhotoAsync($"?visibility={from}");
        using var changed = await owner.PatchAsync(photo.Id, new { visibility = to });
        var answer = (await changed.Content.ReadFromJsonAsync<PhotoView>())!;

        Assert.Equal(to, answer.Visibility);
        foreach (var rendition in photo.Renditions)
        {
            foreach (var caller in new[] { owner, stranger })
                await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await caller.GetAsync(rendition.Url));
            using var fresh = await stranger.GetAsync(answer.UrlOf(rendition.Name));
            Assert.Equal(HttpStatusCode.OK, fresh.StatusCode);
        }

        using var back = await owner.PatchAsync(photo.Id, new { visibility = from });
        await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await owner.GetAsync(photo.UrlOf("large")));
    }

    [Fact]
    public async Task The_same_visibility_again_keeps_the_addresses()
    {
        using var owner = media.NewOwner();
        var photo = await owner.ReadyPhotoAsync("?visibility=unlisted");
        using var changed = await owner.PatchAsync(photo.Id, new { visibility = "UNLISTED" });
        Assert.Equal(photo.UrlOf("small"), (await owner.GetAsync(photo.Id)).UrlOf("small"));
    }

    [Theory]
    [InlineData("title", """{"title":"%"}""", 201)]
    [InlineData("title", """{"title":"a\nb"}""", 0)]
    [InlineData("title", """{"title":"\u0000"}""", 0)]
    [InlineData("title", """{"title":"\ud800"}""", 0)]
    [InlineData("description", """{"description":"%"}""", 2001)]
    [InlineData("description", """{"description":"a\u0007b"}""", 0)]
    [InlineData("description", """{"description":"a\u0085b\u0000"}""", 0)]
    [InlineData("visibility", """{"visibility":"everybody"}""", 0)]
    [InlineData("visibility", """{"visibility":"1"}""", 0)]
    public async Task A_bad_field_is_named_and_nothing_changes(string field, string body, int length)
    {
        using var owner = media.NewOwner();
        var photo = await owner.UploadAsync("?title=before");
        using var content = new StringContent(body.Replace("%", new string('x', length), StringComparison.Ordinal), Encoding.UTF8, "application/json");
        using var response = await owner.Http.PatchAsync(new Uri($"/api/photos/{photo}", UriKind.Relative), content);
        var status = body.Contains("ud800", StringComparison.Ordinal) ? response.StatusCode : HttpStatusCode.BadRequest;
        var problem = await RunningMedia.AssertProblemAsync(status, response);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        if (problem.TryGetProperty("errors", out var errors))
            Assert.Equal([field], errors.EnumerateObject().Select(error => error.Name));
        else
            Assert.Contains("ud800", body, StringComparison.Ordinal);
        Assert.Equal("before", (await owner.GetAsync(photo)).Title);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{"title":1}""")]
    [InlineData("""{"title":""")]
    public async Task A_body_that_is_no_change_is_a_bad_request(string body)
    {
        using var owner = media.NewOwner();
        var photo = await owner.UploadAsync();
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        await RunningMedia.AssertProblemAsync(HttpStatusCode.BadRequest, await owner.Http.PatchAsync(new Uri($"/api/photos/{photo}", UriKind.Relative), content));
    }

    [Fact]
    public async Task A_foreign_photo_an_unknown_one_and_a_deleted_one_are_not_found()
    {
        using var owner = media.NewOwner();
        using var stranger = media.NewOwner();
        var foreign = (await owner.ReadyPhotoAsync("?visibility=public")).Id;
        var deleted = await stranger.UploadAsync();
        using var gone = await stranger.DeleteAsync(deleted);
        foreach (var photo in new[] { foreign, deleted, Guid.NewGuid() })
            await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await stranger.PatchAsync(photo, new { title = "mine" }));
        Assert.Equal("", (await owner.GetAsync(foreign)).Title);
    }

    [Fact]
    public async Task A_change_to_what_has_changed_since_fails()
    {
        using var owner = media.NewOwner();
        var photo = await owner.ReadyPhotoAsync();
        using var read = await owner.GetAsync($"/api/photos/{photo.Id}");
        var tag = read.Headers.ETag!.ToString();

        using var first = await owner.PatchAsync(photo.Id, new { title = "first" }, tag);
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        await RunningMedia.AssertProblemAsync(HttpStatusCode.PreconditionFailed, await owner.PatchAsync(photo.Id, new { title = "second" }, tag));
        await RunningMedia.AssertProblemAsync(HttpStatusCode.PreconditionFailed, await owner.PatchAsync(photo.Id, new { title = "second" }, "nonsense"));
        Assert.Equal("first", (await owner.GetAsync(photo.Id)).Title);
        using var third = await owner.PatchAsync(photo.Id, new { title = "third" }, first.Headers.ETag!.ToString());
        using var any = await owner.PatchAsync(photo.Id, new { description = "any" }, "*");
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (third.StatusCode, any.StatusCode));
    }

    [Fact]
    public async Task Of_two_changes_of_the_same_state_at_once_one_fails()
    {
        using var owner = media.NewOwner();
        var photo = await owner.ReadyPhotoAsync("?visibility=public");
        using var read = await owner.GetAsync($"/api/photos/{photo.Id}");
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => owner.PatchAsync(photo.Id, new { title = $"{i}" }, read.Headers.ETag!.ToString())));
        Assert.Equal([HttpStatusCode.OK, .. Enumerable.Repeat(HttpStatusCode.PreconditionFailed, 7)], answers.Select(answer => answer.StatusCode).Order());

        // Each of these counts the epoch, without a condition too.
        var changes = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => owner.PatchAsync(photo.Id, new { visibility = i % 2 == 0 ? "private" : "unlisted" })));
        Assert.All(changes, change => Assert.Equal(HttpStatusCode.OK, change.StatusCode));
        await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await owner.GetAsync(photo.UrlOf("large")));
    }

    [Fact]
    public async Task Photos_and_lists_have_tags_and_are_not_sent_twice()
    {
        using var owner = media.NewOwner();
        using var stranger = media.NewOwner();
        var photo = await owner.ReadyPhotoAsync();
        foreach (var path in new[] { $"/api/photos/{photo.Id}", "/api/photos", "/api/photos?limit=1" })
        {
            using var first = await owner.GetAsync(path);
            Assert.False(first.Headers.ETag!.IsWeak);
            Assert.True(first.Headers.CacheControl is { Private: true, NoCache: true });
            using var again = await ConditionalAsync(owner, path, first.Headers.ETag);
            Assert.Equal((HttpStatusCode.NotModified, first.Headers.ETag), (again.StatusCode, again.Headers.ETag));
            Assert.Empty(await again.Content.ReadAsByteArrayAsync());
            using var changed = await owner.PatchAsync(photo.Id, new { title = path });
            using var fresh = await ConditionalAsync(owner, path, first.Headers.ETag);
            Assert.Equal((HttpStatusCode.OK, path == "/api/photos/" + photo.Id ? changed.Headers.ETag : fresh.Headers.ETag), (fresh.StatusCode, fresh.Headers.ETag));
            using var foreign = await ConditionalAsync(stranger, path, fresh.Headers.ETag!);
            Assert.NotEqual(HttpStatusCode.NotModified, foreign.StatusCode);
        }
    }

    [Fact]
    public async Task The_visibility_of_a_portrait_stays()
    {
        using var owner = media.NewOwner();
        var photo = await owner.ReadyPhotoAsync("?visibility=public");
        await media.Environment.QueryAsync<int>("media", "UPDATE photos SET avatar = true WHERE id = $1 RETURNING 1", photo.Id);
        var problem = await RunningMedia.AssertProblemAsync(HttpStatusCode.Conflict, await owner.PatchAsync(photo.Id, new { title = "me", visibility = "private" }));
        Assert.NotEmpty(problem.GetProperty("detail").GetString()!);
        using var retitled = await owner.PatchAsync(photo.Id, new { title = "me", visibility = "public" });
        Assert.Equal(HttpStatusCode.OK, retitled.StatusCode);
        Assert.Equal(("me", "public", true), (await owner.GetAsync(photo.Id)) is var view ? (view.Title, view.Visibility, view.Avatar) : default);
    }

    private static Task<HttpResponseMessage> ConditionalAsync(Owner owner, string path, EntityTagHeaderValue tag) =>
        owner.Http.SendAsync(new HttpRequestMessage(HttpMethod.Get, path) { Headers = { IfNoneMatch = { tag } } });
}

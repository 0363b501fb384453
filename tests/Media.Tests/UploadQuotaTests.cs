using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Media.Tests;

public sealed class UploadQuotaTests(RunningMedia media) : IClassFixture<RunningMedia>, IAsyncLifetime
{
    private const int Photos = 7;
    private RunningService? _small;

    private RunningService Small => _small!;

    public async ValueTask InitializeAsync() => _small = await media.StartReplicaAsync(new() { ["Media:Quota:Photos"] = $"{Photos}", ["Media:Quota:Bytes"] = "1000000" });

    public ValueTask DisposeAsync() => Small.DisposeAsync();

    [Fact]
    public async Task Of_fifty_uploads_at_once_exactly_as_many_are_taken_as_the_quota_allows()
    {
        using var owner = media.NewOwner();
        using var here = media.Meet(owner.Id, Small);
        await using var other = await media.StartReplicaAsync(new() { ["Media:Quota:Photos"] = $"{Photos}" });
        using var there = media.Meet(owner.Id, other);
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => (i % 2 == 0 ? here : there).PostAsync(RunningMedia.Jpeg)));
        Assert.Equal(Photos, answers.Count(answer => answer.StatusCode == HttpStatusCode.Accepted));
        foreach (var refused in answers.Where(answer => answer.StatusCode != HttpStatusCode.Accepted))
        {
            var problem = await RunningMedia.AssertProblemAsync(HttpStatusCode.Forbidden, refused);
            Assert.Equal("quota-exceeded", problem.GetProperty("code").GetString());
            Assert.Equal(Photos, problem.GetProperty("photosAllowed").GetInt32());
        }
        var rows = await owner.RowsAsync();
        Assert.Equal(Photos, rows.Count);
        Assert.Equal(rows.Select(id => $"originals/{id}").Order(), media.Files().Where(file => rows.Any(id => file.Contains($"{id}", StringComparison.Ordinal))));
        Assert.DoesNotContain(media.Files(), file => file.StartsWith(".incoming", StringComparison.Ordinal));
        Assert.Equal(media.Files().Count, (await media.Environment.QueryAsync<Guid>("media", "SELECT id FROM photos")).Count);
        await AssertUsedAsync(here, Photos, Photos * RunningMedia.Jpeg.Length);
    }

    [Fact]
    public async Task Of_fifty_uploads_at_once_exactly_as_many_bytes_are_taken_as_the_quota_allows()
    {
        using var owner = media.NewOwner();
        await using var tight = await media.StartReplicaAsync(new() { ["Media:Quota:Bytes"] = $"{5 * RunningMedia.Jpeg.Length + 10}" });
        using var here = media.Meet(owner.Id, tight);
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => here.PostAsync(RunningMedia.Jpeg)));
        Assert.Equal(5, answers.Count(answer => answer.StatusCode == HttpStatusCode.Accepted));
        Assert.Equal(5, (await owner.RowsAsync()).Count);
    }

    [Fact]
    public async Task A_deleted_photo_gives_its_share_back_once()
    {
        using var owner = media.NewOwner();
        using var here = media.Meet(owner.Id, Small);
        var photos = new List<Guid>();
        for (var i = 0; i < Photos; i++)
            photos.Add(await here.UploadAsync());
        using var tooMany = await here.PostAsync(RunningMedia.Jpeg);
        Assert.Equal(HttpStatusCode.Forbidden, tooMany.StatusCode);

        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => here.DeleteAsync(photos[0])));
        await AssertUsedAsync(here, Photos - 1, (Photos - 1) * RunningMedia.Jpeg.Length);
        await here.UploadAsync();
        using var again = await here.PostAsync(RunningMedia.Jpeg);
        Assert.Equal(HttpStatusCode.Forbidden, again.StatusCode);
    }

    [Fact]
    public async Task More_bytes_than_are_left_are_refused_before_the_body_is_read()
    {
        using var owner = media.NewOwner();
        using var here = media.Meet(owner.Id, Small);
        await here.UploadAsync();
        using var request = await RawRequest.SendAsync(Small, here, "POST", "/api/photos", "Content-Type: image/jpeg", "Content-Length: 1000000");
        Assert.Equal("HTTP/1.1 403 Forbidden", await request.StatusLineAsync());
    }

    [Fact]
    public async Task A_closed_account_stores_nothing()
    {
        using var owner = media.NewOwner();
        await media.Environment.QueryAsync<object>("media", "INSERT INTO owners (user_id, photos, bytes, closed_at) VALUES ($1, 0, 0, now())", owner.Id);
        var files = media.Files();
        using var response = await owner.PostAsync(RunningMedia.Jpeg);
        var problem = await RunningMedia.AssertProblemAsync(HttpStatusCode.Forbidden, response);
        Assert.Equal("account-closed", problem.GetProperty("code").GetString());
        Assert.Empty(await owner.RowsAsync());
        Assert.Equal(files, media.Files());
    }

    [Fact]
    public async Task An_account_that_is_closed_while_its_upload_streams_stores_nothing()
    {
        using var owner = media.NewOwner();
        var files = media.Files();
        using var request = await RawRequest.SendAsync(media.Service, owner, "POST", "/api/photos", "Content-Type: image/jpeg", $"Content-Length: {RunningMedia.Jpeg.Length}");
        await request.SendAsync(RunningMedia.Jpeg.AsMemory(0, 500));
        await Eventually.GetAsync(() => Task.FromResult(media.Files().Count), count => count > files.Count);
        await media.Environment.QueryAsync<object>("media", "INSERT INTO owners (user_id, photos, bytes, closed_at) VALUES ($1, 0, 0, now())", owner.Id);
        await request.SendAsync(RunningMedia.Jpeg.AsMemory(500));
        Assert.Equal("HTTP/1.1 403 Forbidden", await request.StatusLineAsync());
        Assert.Empty(await owner.RowsAsync());
        Assert.Equal(files, media.Files());
    }

    [Fact]
    public async Task An_avatar_is_public_whatever_else_is_said()
    {
        using var owner = media.NewOwner();
        var photo = await owner.UploadAsync("?use=avatar&visibility=private");
        Assert.Equal("public", (await owner.GetAsync(photo)).Visibility);
        Assert.Equal([true], await media.Environment.QueryAsync<bool>("media", "SELECT avatar FROM photos WHERE id = $1", photo));
        using var form = new MultipartFormDataContent { { new ByteArrayContent(RunningMedia.Jpeg), "photo" }, { new StringContent("avatar"), "use" } };
        using var response = await owner.Http.PostAsync(new Uri("/api/photos", UriKind.Relative), form);
        Assert.Equal([true, true], await media.Environment.QueryAsync<bool>("media", "SELECT avatar FROM photos WHERE owner_id = $1", owner.Id));
        using var wrong = await owner.PostAsync(RunningMedia.Jpeg, query: "?use=banner");
        Assert.True((await RunningMedia.AssertProblemAsync(HttpStatusCode.BadRequest, wrong)).GetProperty("errors").TryGetProperty("use", out _));
    }

    [Fact]
    public async Task Each_upload_is_told_of_once()
    {
        using var owner = media.NewOwner();
        var photo = await owner.UploadAsync();
        var uploaded = await RunningMedia.NextAsync(media.Uploaded, one => one.PhotoId, photo);
        Assert.Equal((owner.Id, "image/jpeg", (long)RunningMedia.Jpeg.Length, 64, 48), (uploaded.OwnerId, uploaded.ContentType, uploaded.Bytes, uploaded.Width, uploaded.Height));
    }

    private static async Task AssertUsedAsync(Owner owner, int photos, long bytes)
    {
        var used = await owner.Http.GetFromJsonAsync<JsonElement>("/api/photos/quota");
        Assert.Equal((photos, Photos, bytes, 1000000L), (
            used.GetProperty("photosUsed").GetInt32(), used.GetProperty("photosAllowed").GetInt32(), used.GetProperty("bytesUsed").GetInt64(), used.GetProperty("bytesAllowed").GetInt64()));
    }
}

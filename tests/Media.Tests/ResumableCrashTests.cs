using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Media.Uploads;
using PhotoPlatform.Storage;
using PhotoPlatform.Testing;
using static PhotoPlatform.Media.Tests.ResumableUpload;

namespace PhotoPlatform.Media.Tests;

/// <summary>
/// Each point at which a process can die between the first byte of a part and the answer to the last. The database refuses the step after the point: what lies in
/// database and storage then is what a killed process leaves.
/// </summary>
public sealed class ResumableCrashTests(RunningMedia media) : IClassFixture<RunningMedia>
{
    private static readonly byte[] Jpeg = RunningMedia.Jpeg;

    [Fact]
    public async Task After_the_blob_of_a_part_and_before_its_row_the_part_is_sent_again()
    {
        using var owner = media.NewOwner();
        var upload = await owner.CreateAsync(Jpeg.Length);
        await using (await RefuseAsync("INSERT ON upload_parts", $"NEW.upload_id = '{IdOf(upload)}'"))
            await RunningMedia.AssertProblemAsync(HttpStatusCode.InternalServerError, await owner.PatchAsync(upload, 0, Jpeg));
        Assert.NotEmpty(Parts(upload));
        using (var head = await owner.HeadAsync(upload))
            Assert.Equal("0", head.Header("Upload-Offset"));
        using var again = await owner.PatchAsync(upload, 0, Jpeg);
        await AssertOnePhotoAsync(owner, upload, again);
    }

    [Theory]
    [InlineData("head")]
    [InlineData("empty part")]
    [InlineData("sweep")]
    [InlineData("all at once")]
    public async Task After_the_last_row_and_before_the_photo_whoever_asks_next_completes_it_once(string who)
    {
        using var owner = media.NewOwner();
        var clock = new TestClock();
        await using var replica = await media.StartReplicaAsync(replace: services => services.Replace(ServiceDescriptor.Singleton<TimeProvider>(clock)));
        var upload = await owner.CreateAsync(Jpeg.Length);
        // The original is joined by then, too.
        await using (await RefuseAsync("INSERT ON photos", $"NEW.id = '{IdOf(upload)}'"))
            await RunningMedia.AssertProblemAsync(HttpStatusCode.InternalServerError, await owner.PatchAsync(upload, 0, Jpeg));
        Assert.Empty(await owner.RowsAsync());

        if (who is "sweep" or "all at once")
            clock.Advance(TimeSpan.FromMinutes(6));
        if (who is "all at once")
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => i % 2 == 0 ? owner.HeadAsync(upload) : owner.PatchAsync(upload, Jpeg.Length, [])));
            Assert.All(answers, answer => Assert.Equal($"{IdOf(upload)}", answer.Header("X-Photo-Id")));
        }
        if (who is "sweep")
            await Eventually.GetAsync(owner.RowsAsync, rows => rows.Count == 1);
        using var asked = who is "empty part" ? await owner.PatchAsync(upload, Jpeg.Length, []) : await owner.HeadAsync(upload);
        await AssertOnePhotoAsync(owner, upload, asked);
    }

    [Fact]
    public async Task After_the_commit_and_before_the_answer_the_photo_is_found_again()
    {
        using var owner = media.NewOwner();
        var upload = await owner.CreateAsync(Jpeg.Length);
        using var lost = await owner.PatchAsync(upload, 0, Jpeg);
        using var head = await owner.HeadAsync(upload);
        using var again = await owner.PatchAsync(upload, Jpeg.Length, []);
        Assert.Equal(lost.Header("X-Photo-Id"), head.Header("X-Photo-Id"));
        await AssertOnePhotoAsync(owner, upload, again);
    }

    [Fact]
    public async Task A_joined_original_without_a_photo_goes_with_its_upload()
    {
        using var owner = media.NewOwner();
        var upload = await owner.CreateAsync(Jpeg.Length);
        await using (await RefuseAsync("INSERT ON photos", $"NEW.id = '{IdOf(upload)}'"))
            await RunningMedia.AssertProblemAsync(HttpStatusCode.InternalServerError, await owner.PatchAsync(upload, 0, Jpeg));
        Assert.Contains($"originals/{IdOf(upload)}", media.Files());
        using var ended = await owner.TusAsync(HttpMethod.Delete, upload);
        Assert.Equal(HttpStatusCode.NoContent, ended.StatusCode);
        Assert.DoesNotContain(media.Files(), file => file.Contains($"{IdOf(upload)}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Over_quota_at_the_end_the_upload_waits_for_room()
    {
        using var owner = media.NewOwner();
        await using var small = await media.StartReplicaAsync(new() { ["Media:Quota:Photos"] = "1" });
        using var there = media.Meet(owner.Id, small);
        var upload = await there.CreateAsync(Jpeg.Length);
        var photo = await there.UploadAsync();
        Assert.Equal("quota-exceeded", (await RunningMedia.AssertProblemAsync(HttpStatusCode.Forbidden, await there.PatchAsync(upload, 0, Jpeg))).GetProperty("code").GetString());
        await RunningMedia.AssertProblemAsync(HttpStatusCode.Forbidden, await there.TusAsync(HttpMethod.Post, "/api/uploads", length: Jpeg.Length));
        using (var head = await there.HeadAsync(upload))
            Assert.Equal(HttpStatusCode.Forbidden, head.StatusCode);
        using (await there.DeleteAsync(photo))
        using (var head = await there.HeadAsync(upload))
            await AssertOnePhotoAsync(owner, upload, head);
    }

    [Fact]
    public async Task Of_a_closed_account_nothing_about_uploads_stays()
    {
        using var owner = media.NewOwner();
        var upload = await owner.CreateAsync(Jpeg.Length, Metadata(("title", "mine")));
        using var part = await owner.PatchAsync(upload, 0, Jpeg[..100]);
        await owner.UploadAsync();
        await media.Environment.QueryAsync<object>("media", "INSERT INTO idempotency_keys (owner_id, key, holder, held_until, created_at) VALUES ($1, 'k', gen_random_uuid(), now(), now())", owner.Id);
        await media.Environment.QueryAsync<object>("media", "UPDATE owners SET closed_at = now() WHERE user_id = $1", owner.Id);

        await using (var scope = media.Service.Services.CreateAsyncScope())
            await RemoveUploads.RemoveAllAsync(scope.ServiceProvider.GetRequiredService<MediaDb>(), scope.ServiceProvider.GetRequiredService<IBlobStore>(), owner.Id, default);
        foreach (var table in new[] { "uploads", "idempotency_keys" })
            Assert.Equal([0L], await media.Environment.QueryAsync<long>("media", $"SELECT count(*) FROM {table} WHERE owner_id = $1", owner.Id));
        Assert.Empty(Parts(upload));
        await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await owner.PatchAsync(upload, 100, Jpeg[100..]));
        Assert.Equal("account-closed", (await RunningMedia.AssertProblemAsync(HttpStatusCode.Forbidden, await owner.TusAsync(HttpMethod.Post, "/api/uploads", length: 10))).GetProperty("code").GetString());
    }

    private async Task AssertOnePhotoAsync(Owner owner, string upload, HttpResponseMessage answer)
    {
        var photo = IdOf(upload);
        Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode}");
        Assert.Equal($"{photo}", answer.Header("X-Photo-Id"));
        Assert.Equal([photo], await owner.RowsAsync());
        Assert.Equal(Jpeg, await File.ReadAllBytesAsync(Path.Combine(media.Blobs, "originals", $"{photo}")));
        await Eventually.GetAsync(() => Task.FromResult(Parts(upload)), parts => parts.Count == 0);
        Assert.Equal([1], await media.Environment.QueryAsync<int>("media", "SELECT photos FROM owners WHERE user_id = $1", owner.Id));
        // A second job or event would have come before the next upload's.
        Assert.Equal(photo, (await RunningMedia.NextAsync(media.Jobs, job => job.PhotoId, photo)).PhotoId);
        Assert.Equal(photo, (await RunningMedia.NextAsync(media.Uploaded, one => one.PhotoId, photo)).PhotoId);
        var next = await owner.UploadAsync();
        Assert.Equal(next, (await NextOfAsync(media.Jobs, job => job.PhotoId, photo, next)).PhotoId);
        Assert.Equal(next, (await NextOfAsync(media.Uploaded, one => one.PhotoId, photo, next)).PhotoId);
    }

    private static async Task<T> NextOfAsync<T>(Inbound<T> inbound, Func<T, Guid> photoOf, params Guid[] photos)
    {
        for (; ; )
        {
            var (_, message) = await inbound.NextAsync();
            if (photos.Contains(photoOf(message)))
                return message;
        }
    }

    private List<string> Parts(string upload) => [.. media.Files().Where(file => file.StartsWith($"uploads/{IdOf(upload)}", StringComparison.Ordinal))];

    /// <summary>Until it is disposed, the database refuses rows.</summary>
    private async Task<Refusing> RefuseAsync(string what, string when)
    {
        var name = $"refuse_{Guid.NewGuid():N}";
        var table = what.Split(' ')[^1];
        await media.Environment.QueryAsync<object>("media", $"""
            CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;
            CREATE TRIGGER {name} BEFORE {what} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {name}();
            """);
        return new Refusing(() => media.Environment.QueryAsync<object>("media", $"DROP TRIGGER {name} ON {table}"));
    }

    private sealed class Refusing(Func<Task> end) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await end();
    }
}

using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using PhotoPlatform.Contracts;
using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.TestImages;
using PhotoPlatform.Testing;
using static PhotoPlatform.Media.Tests.ResumableUpload;

namespace PhotoPlatform.Media.Tests;

/// <summary>The tus protocol, at the front door.</summary>
public sealed class ResumableUploadTests(RunningMedia media) : IClassFixture<RunningMedia>
{
    private static readonly byte[] Jpeg = RunningMedia.Jpeg;

    [Fact]
    public async Task A_photo_sent_in_parts_becomes_one_photo()
    {
        using var owner = media.NewOwner();
        var metadata = Metadata(("filename", "../x.jpg"), ("filetype", "image/jpeg"), ("title", "Ü – 写真"), ("visibility", "public"));
        var upload = await owner.CreateAsync(Jpeg.Length, metadata);
        Assert.Matches("^/api/uploads/[0-9a-f-]{36}$", upload);
        foreach (var (from, to) in new[] { (0, 1), (1, 100), (100, Jpeg.Length - 1) })
        {
            using var part = await owner.PatchAsync(upload, from, Jpeg[from..to]);
            Assert.Equal((HttpStatusCode.NoContent, $"{to}", "1.0.0", null), (part.StatusCode, part.Header("Upload-Offset"), part.Header("Tus-Resumable"), part.Header("X-Photo-Id")));
            using var head = await owner.HeadAsync(upload);
            Assert.Equal((HttpStatusCode.OK, $"{to}", $"{Jpeg.Length}", metadata, "no-store"), (head.StatusCode, head.Header("Upload-Offset"), head.Header("Upload-Length"), head.Header("Upload-Metadata"), head.Header("Cache-Control")));
            Assert.True(DateTimeOffset.Parse(head.Header("Upload-Expires")!, null) > TimeProvider.System.GetUtcNow().AddHours(23));
            Assert.Empty(await owner.RowsAsync());
        }
        using var last = await owner.PatchAsync(upload, Jpeg.Length - 1, Jpeg[^1..]);
        Assert.Equal(HttpStatusCode.NoContent, last.StatusCode);
        var photo = Guid.Parse(last.Header("X-Photo-Id")!);
        Assert.Equal($"/api/photos/{photo}", last.Header("Content-Location"));
        using (var head = await owner.HeadAsync(upload))
            Assert.Equal(($"{photo}", $"{Jpeg.Length}", null), (head.Header("X-Photo-Id"), head.Header("Upload-Offset"), head.Header("Upload-Expires")));

        Assert.Equal([photo], await owner.RowsAsync());
        var view = await owner.GetAsync(photo);
        Assert.Equal(("Ü – 写真", "public", "pending", 64, 48), (view.Title, view.Visibility, view.State, view.Width, view.Height));
        Assert.Equal(Jpeg, await File.ReadAllBytesAsync(Path.Combine(media.Blobs, "originals", photo.ToString())));
        Assert.Equal(new ProcessPhoto(photo, 1, $"originals/{photo}", "standard"), await RunningMedia.NextAsync(media.Jobs, job => job.PhotoId, photo));
        Assert.Equal(owner.Id, (await RunningMedia.NextAsync(media.Uploaded, one => one.PhotoId, photo)).OwnerId);
        Assert.Equal(PlatformId.BucketOf(owner.Id), PlatformId.BucketOf(photo));
        AssertNoParts(upload);
        Assert.Equal(Jpeg.Length, (await owner.Http.GetFromJsonAsync<JsonElement>("/api/photos/quota")).GetProperty("bytesUsed").GetInt64());
    }

    [Fact]
    public async Task The_creation_may_bring_the_first_part_or_all_of_them()
    {
        using var owner = media.NewOwner();
        using var begun = await owner.TusAsync(HttpMethod.Post, "/api/uploads", Jpeg[..200], length: Jpeg.Length);
        Assert.Equal((HttpStatusCode.Created, "200", null), (begun.StatusCode, begun.Header("Upload-Offset"), begun.Header("X-Photo-Id")));
        using var rest = await owner.PatchAsync(begun.Headers.Location!.ToString(), 200, Jpeg[200..]);
        Assert.NotNull(rest.Header("X-Photo-Id"));
        using var whole = await owner.TusAsync(HttpMethod.Post, "/api/uploads", Jpeg, length: Jpeg.Length, metadata: Metadata(("use", "avatar")));
        Assert.Equal(HttpStatusCode.Created, whole.StatusCode);
        Assert.Equal("public", (await owner.GetAsync(Guid.Parse(whole.Header("X-Photo-Id")!))).Visibility);
        Assert.Equal([true], await media.Environment.QueryAsync<bool>("media", "SELECT avatar FROM photos WHERE id = $1", Guid.Parse(whole.Header("X-Photo-Id")!)));
    }

    [Fact]
    public async Task The_server_says_what_it_speaks_and_refuses_other_versions()
    {
        using var owner = media.NewOwner();
        using var anonymous = media.Service.Client();
        using var options = await owner.Http.SendAsync(new HttpRequestMessage(HttpMethod.Options, "/api/uploads"));
        Assert.Equal((HttpStatusCode.NoContent, "1.0.0", "1.0.0", "creation,creation-with-upload,termination,expiration", $"{ImageLimits.Default.MaxBytes}"),
            (options.StatusCode, options.Header("Tus-Resumable"), options.Header("Tus-Version"), options.Header("Tus-Extension"), options.Header("Tus-Max-Size")));
        using var other = await owner.TusAsync(HttpMethod.Post, "/api/uploads", length: 10, version: "0.2.2");
        Assert.Equal("1.0.0", other.Header("Tus-Version"));
        await RunningMedia.AssertProblemAsync(HttpStatusCode.PreconditionFailed, other);
        await RunningMedia.AssertProblemAsync(HttpStatusCode.Unauthorized, await new Owner(media, default, anonymous).TusAsync(HttpMethod.Post, "/api/uploads", length: 10));
    }

    [Fact]
    public async Task What_cannot_become_a_photo_is_refused_at_the_creation()
    {
        using var owner = media.NewOwner();
        var cases = new (long? Length, string? Metadata, HttpStatusCode Status, string? Field)[]
        {
            (null, null, HttpStatusCode.BadRequest, "Upload-Length"),
            (-1, null, HttpStatusCode.BadRequest, "Upload-Length"),
            (0, null, HttpStatusCode.UnsupportedMediaType, null),
            (ImageLimits.Default.MaxBytes + 1, null, HttpStatusCode.RequestEntityTooLarge, null),
            (100, "title not-base64!", HttpStatusCode.BadRequest, "Upload-Metadata"),
            (100, "title gICA", HttpStatusCode.BadRequest, "Upload-Metadata"),
            (100, "a,,b", HttpStatusCode.BadRequest, "Upload-Metadata"),
            (100, "a YQ==,a YQ==", HttpStatusCode.BadRequest, "Upload-Metadata"),
            (100, $"a {new string('A', 5000)}", HttpStatusCode.BadRequest, "Upload-Metadata"),
            (100, Metadata(("title", new string('x', 300))), HttpStatusCode.BadRequest, "title"),
            (100, Metadata(("visibility", "all")), HttpStatusCode.BadRequest, "visibility"),
            (100, Metadata(("use", "x")), HttpStatusCode.BadRequest, "use"),
            (100, Metadata(("filetype", "image/svg+xml")), HttpStatusCode.UnsupportedMediaType, null),
        };
        foreach (var (length, metadata, status, field) in cases)
        {
            var problem = await RunningMedia.AssertProblemAsync(status, await owner.TusAsync(HttpMethod.Post, "/api/uploads", length: length, metadata: metadata), metadata);
            Assert.True(field is null || problem.GetProperty("errors").TryGetProperty(field, out _), $"{metadata}: {problem}");
        }
        Assert.Empty(await UploadsAsync(owner));
    }

    [Fact]
    public async Task A_wrong_header_ends_the_upload_as_soon_as_its_bytes_are_there()
    {
        using var owner = media.NewOwner();
        var bomb = HostileFiles.PngHeaderBomb();
        foreach (var (file, metadata, status) in new[]
        {
            (HostileFiles.Text, null, HttpStatusCode.UnsupportedMediaType),
            (bomb, null, HttpStatusCode.UnprocessableEntity),
            (Picture.Photo(8, 8).ToPng(), Metadata(("filetype", "image/jpeg")), HttpStatusCode.UnsupportedMediaType),
        })
        {
            // The file says that much more is to come; it is not waited for.
            var upload = await owner.CreateAsync(1_000_000, metadata);
            using (var first = await owner.PatchAsync(upload, 0, file[..1]))
                Assert.True(first.StatusCode is HttpStatusCode.NoContent or HttpStatusCode.UnsupportedMediaType);
            using var second = await owner.PatchAsync(upload, 1, file[1..]);
            Assert.True(second.StatusCode == status || (file[0] == 'T' && second.StatusCode == HttpStatusCode.NotFound), $"{second.StatusCode}");
            using var gone = await owner.HeadAsync(upload);
            Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
            AssertNoParts(upload);
        }
        // A file that ends before its header does.
        var truncated = await owner.CreateAsync(20);
        await RunningMedia.AssertProblemAsync(HttpStatusCode.UnprocessableEntity, await owner.PatchAsync(truncated, 0, Jpeg[..20]));
        Assert.Empty(await UploadsAsync(owner));
        Assert.Empty(await owner.RowsAsync());
    }

    [Fact]
    public async Task Parts_that_do_not_fit_are_refused_and_change_nothing()
    {
        using var owner = media.NewOwner();
        using var stranger = media.NewOwner();
        var upload = await owner.CreateAsync(Jpeg.Length);
        using (var first = await owner.PatchAsync(upload, 0, Jpeg[..100]))
            Assert.Equal(HttpStatusCode.NoContent, first.StatusCode);
        foreach (var offset in new[] { 0L, 99, 101, Jpeg.Length, long.MaxValue })
        {
            using var elsewhere = await owner.PatchAsync(upload, offset, Jpeg[100..]);
            Assert.Equal("100", elsewhere.Header("Upload-Offset"));
            await RunningMedia.AssertProblemAsync(HttpStatusCode.Conflict, elsewhere);
        }
        await RunningMedia.AssertProblemAsync(HttpStatusCode.BadRequest, await owner.TusAsync(HttpMethod.Patch, upload, Jpeg[100..]));
        await RunningMedia.AssertProblemAsync(HttpStatusCode.RequestEntityTooLarge, await owner.PatchAsync(upload, 100, [.. Jpeg[100..], 0]));
        using (var chunked = await RawRequest.SendAsync(media.Service, owner, "PATCH", upload, "Tus-Resumable: 1.0.0", "Upload-Offset: 100", "Content-Type: application/offset+octet-stream", "Transfer-Encoding: chunked"))
        {
            await chunked.SendAsync(System.Text.Encoding.ASCII.GetBytes($"{Jpeg.Length:x}\r\n"));
            await chunked.SendAsync(Jpeg);
            await chunked.SendAsync("\r\n0\r\n\r\n"u8.ToArray());
            Assert.Equal("HTTP/1.1 413 Payload Too Large", await chunked.StatusLineAsync());
        }
        using var wrongType = new HttpRequestMessage(HttpMethod.Patch, upload) { Content = new ByteArrayContent(Jpeg[100..]) };
        wrongType.Headers.Add("Tus-Resumable", "1.0.0");
        wrongType.Headers.Add("Upload-Offset", "100");
        await RunningMedia.AssertProblemAsync(HttpStatusCode.UnsupportedMediaType, await owner.Http.SendAsync(wrongType));

        await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await stranger.PatchAsync(upload, 100, Jpeg[100..]));
        await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await stranger.TusAsync(HttpMethod.Delete, upload));
        foreach (var path in new[] { upload, $"/api/uploads/{Guid.NewGuid()}", "/api/uploads/x" })
        {
            using var head = await stranger.HeadAsync(path);
            Assert.Equal(HttpStatusCode.NotFound, head.StatusCode);
        }
        using var rest = await owner.PatchAsync(upload, 100, Jpeg[100..]);
        Assert.NotNull(rest.Header("X-Photo-Id"));
    }

    [Fact]
    public async Task Of_many_parts_at_one_offset_on_two_replicas_one_wins_and_the_bytes_are_its()
    {
        using var owner = media.NewOwner();
        await using var replica = await media.StartReplicaAsync();
        using var there = media.Meet(owner.Id, replica);
        var upload = await owner.CreateAsync(Jpeg.Length);
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => (i % 2 == 0 ? owner : there).PatchAsync(upload, 0, Jpeg[..(100 + i)])));
        var won = Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.NoContent);
        Assert.All(answers.Where(answer => answer != won), answer => Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode));
        var offset = int.Parse(won.Header("Upload-Offset")!, null);
        Assert.Single(media.Files(), file => file.Contains(upload.Split('/')[^1], StringComparison.Ordinal));

        var last = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => (i % 2 == 0 ? owner : there).PatchAsync(upload, offset, Jpeg[offset..])));
        var photo = Assert.Single(last, answer => answer.StatusCode == HttpStatusCode.NoContent).Header("X-Photo-Id")!;
        Assert.Equal([Guid.Parse(photo)], await owner.RowsAsync());
        Assert.Equal(Jpeg, await File.ReadAllBytesAsync(Path.Combine(media.Blobs, "originals", photo)));
        AssertNoParts(upload);
    }

    [Fact]
    public async Task A_connection_that_breaks_keeps_what_arrived()
    {
        using var owner = media.NewOwner();
        var upload = await owner.CreateAsync(Jpeg.Length);
        for (var (round, at) = (0, 0); round < 3; round++, at += 200)
        {
            using var request = await RawRequest.SendAsync(
                media.Service, owner, "PATCH", upload, "Tus-Resumable: 1.0.0", $"Upload-Offset: {at}", "Content-Type: application/offset+octet-stream", $"Content-Length: {Jpeg.Length - at}");
            await request.SendAsync(Jpeg.AsMemory(at, 200));
            await Eventually.GetAsync(() => Task.FromResult(media.Files()), files => files.Any(file => file.StartsWith(".incoming", StringComparison.Ordinal) && new FileInfo(Path.Combine(media.Blobs, file)) is { Exists: true, Length: 200 }));
            request.Break();
            await Eventually.GetAsync(async () => (await owner.HeadAsync(upload)).Header("Upload-Offset"), offset => offset == $"{at + 200}");
        }
        using var rest = await owner.PatchAsync(upload, 600, Jpeg[600..]);
        var photo = rest.Header("X-Photo-Id")!;
        Assert.Equal(Jpeg, await File.ReadAllBytesAsync(Path.Combine(media.Blobs, "originals", photo)));
    }

    [Fact]
    public async Task An_ended_upload_is_gone_with_its_parts_and_the_photo_of_a_completed_one_stays()
    {
        using var owner = media.NewOwner();
        var upload = await owner.CreateAsync(Jpeg.Length);
        using (await owner.PatchAsync(upload, 0, Jpeg[..100]))
        using (var ended = await owner.TusAsync(HttpMethod.Delete, upload))
            Assert.Equal((HttpStatusCode.NoContent, "1.0.0"), (ended.StatusCode, ended.Header("Tus-Resumable")));
        AssertNoParts(upload);
        await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await owner.TusAsync(HttpMethod.Delete, upload));
        await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await owner.PatchAsync(upload, 100, Jpeg[100..]));

        var whole = await owner.CreateAsync(Jpeg.Length);
        using var completed = await owner.PatchAsync(whole, 0, Jpeg);
        using var removed = await owner.TusAsync(HttpMethod.Post, whole, means: "DELETE");
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        Assert.Equal("pending", (await owner.GetAsync(Guid.Parse(completed.Header("X-Photo-Id")!))).State);
    }

    [Fact]
    public async Task A_client_that_can_only_post_says_which_method_it_means()
    {
        using var owner = media.NewOwner();
        var upload = await owner.CreateAsync(Jpeg.Length);
        using var part = await owner.TusAsync(HttpMethod.Post, upload, Jpeg[..50], offset: 0, means: "PATCH");
        Assert.Equal((HttpStatusCode.NoContent, "50"), (part.StatusCode, part.Header("Upload-Offset")));
        using var none = await owner.TusAsync(HttpMethod.Post, upload);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, none.StatusCode);
    }

    [Fact]
    public async Task More_than_20_unfinished_uploads_are_refused_exactly()
    {
        using var owner = media.NewOwner();
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => owner.TusAsync(HttpMethod.Post, "/api/uploads", length: Jpeg.Length)));
        Assert.Equal(20, answers.Count(answer => answer.StatusCode == HttpStatusCode.Created));
        Assert.Equal(20, answers.Count(answer => answer.StatusCode == HttpStatusCode.TooManyRequests));
        using var completed = await owner.PatchAsync(answers.First(answer => answer.StatusCode == HttpStatusCode.Created).Headers.Location!.ToString(), 0, Jpeg);
        await owner.CreateAsync(Jpeg.Length);
    }

    [Fact]
    public async Task An_upload_of_too_many_parts_is_told_to_begin_again()
    {
        using var owner = media.NewOwner();
        var upload = await owner.CreateAsync(Jpeg.Length);
        using var first = await owner.PatchAsync(upload, 0, Jpeg[..100]);
        await media.Environment.QueryAsync<object>("media", "UPDATE uploads SET parts = 1000 WHERE id = $1", IdOf(upload));
        var problem = await RunningMedia.AssertProblemAsync(HttpStatusCode.BadRequest, await owner.PatchAsync(upload, 100, Jpeg[100..]));
        Assert.Equal("too-many-parts", problem.GetProperty("code").GetString());
    }

    [Fact]
    public async Task An_expired_upload_is_gone_and_swept_with_its_parts_and_of_a_completed_one_the_photo_stays()
    {
        using var owner = media.NewOwner();
        var clock = new TestClock();
        await using var replica = await media.StartReplicaAsync(replace: services => services.Replace(ServiceDescriptor.Singleton<TimeProvider>(clock)));
        var (unfinished, completed) = (await owner.CreateAsync(Jpeg.Length), await owner.CreateAsync(Jpeg.Length));
        using var part = await owner.PatchAsync(unfinished, 0, Jpeg[..100]);
        using var whole = await owner.PatchAsync(completed, 0, Jpeg);
        await media.Environment.QueryAsync<object>("media", "UPDATE uploads SET expires_at = now() - interval '1 second' WHERE owner_id = $1", owner.Id);

        await RunningMedia.AssertProblemAsync(HttpStatusCode.Gone, await owner.PatchAsync(unfinished, 100, Jpeg[100..]));
        using (var head = await owner.HeadAsync(unfinished))
            Assert.Equal(HttpStatusCode.Gone, head.StatusCode);
        using (var head = await owner.HeadAsync(completed))
            Assert.NotNull(head.Header("X-Photo-Id"));
        clock.Advance(TimeSpan.FromMinutes(6));
        await Eventually.GetAsync(() => UploadsAsync(owner), rows => rows.Count == 0);
        AssertNoParts(unfinished);
        Assert.Equal("pending", (await owner.GetAsync(IdOf(completed))).State);
        Assert.Equal(Jpeg, await File.ReadAllBytesAsync(Path.Combine(media.Blobs, "originals", $"{IdOf(completed)}")));
    }

    private Task<List<Guid>> UploadsAsync(Owner owner) => media.Environment.QueryAsync<Guid>("media", "SELECT id FROM uploads WHERE owner_id = $1", owner.Id);

    private void AssertNoParts(string upload) => Assert.DoesNotContain(media.Files(), file => file.StartsWith($"uploads/{IdOf(upload)}", StringComparison.Ordinal));
}

using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using PhotoPlatform.Contracts;
using PhotoPlatform.TestImages;

namespace PhotoPlatform.Media.Tests;

public sealed class UploadTests(RunningMedia media) : IClassFixture<RunningMedia>
{
    [Fact]
    public async Task An_image_as_the_body_is_accepted_stored_and_sent_to_be_processed()
    {
        using var owner = media.NewOwner();
        using var response = await owner.PostAsync(RunningMedia.Jpeg, query: "?title=%20At%20sea%20&visibility=Unlisted");

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        var body = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(["id", "state"], body.EnumerateObject().Select(property => property.Name));
        Assert.Equal("pending", body.GetProperty("state").GetString());
        var id = body.GetProperty("id").GetGuid();
        Assert.Equal($"/api/photos/{id}", response.Headers.Location!.ToString());
        Assert.Equal(PlatformId.BucketOf(owner.Id), PlatformId.BucketOf(id));

        var photo = await owner.GetAsync(id);
        Assert.Equal((id, owner.Id, "At sea", "unlisted", "pending", null, 64, 48, null), (photo.Id, photo.OwnerId, photo.Title, photo.Visibility, photo.State, photo.Reason, photo.Width, photo.Height, photo.Placeholder));
        Assert.Empty(photo.Renditions);
        Assert.Equal(RunningMedia.Jpeg, await File.ReadAllBytesAsync(Path.Combine(media.Blobs, "originals", id.ToString())));
        Assert.Equal([SHA256.HashData(RunningMedia.Jpeg)], await media.Environment.QueryAsync<byte[]>("media", "SELECT sha256 FROM photos WHERE id = $1", id));

        var job = await RunningMedia.NextAsync(media.Jobs, job => job.PhotoId, id);
        Assert.Equal(new ProcessPhoto(id, 1, $"originals/{id}", "standard"), job);
    }

    [Fact]
    public async Task A_form_is_accepted_with_its_fields_in_any_order()
    {
        using var owner = media.NewOwner();
        foreach (var photoFirst in new[] { true, false })
        {
            using var form = new MultipartFormDataContent();
            var image = new ByteArrayContent(RunningMedia.Jpeg) { Headers = { ContentType = new MediaTypeHeaderValue("image/jpeg") } };
            if (photoFirst)
                form.Add(image, "photo", "../../etc/passwd");
            form.Add(new StringContent("Ü – 写真"), "title");
            form.Add(new StringContent("public"), "visibility");
            form.Add(new StringContent("admin"), "role");
            form.Add(new StringContent(Guid.NewGuid().ToString()), "ownerId");
            if (!photoFirst)
                form.Add(image, "photo", "../../etc/passwd");
            using var response = await owner.Http.PostAsync(new Uri("/api/photos", UriKind.Relative), form);
            Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
            var photo = await owner.GetAsync((await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid());
            Assert.Equal(("Ü – 写真", "public", owner.Id), (photo.Title, photo.Visibility, photo.OwnerId));
            Assert.Equal(RunningMedia.Jpeg, await File.ReadAllBytesAsync(Path.Combine(media.Blobs, "originals", photo.Id.ToString())));
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("application/octet-stream")]
    public async Task In_a_form_an_image_needs_no_type(string? contentType)
    {
        using var owner = media.NewOwner();
        var image = new ByteArrayContent(RunningMedia.Jpeg);
        if (contentType is not null)
            image.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        using var form = new MultipartFormDataContent { { image, "photo" } };
        using var response = await owner.Http.PostAsync(new Uri("/api/photos", UriKind.Relative), form);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        var photo = await owner.GetAsync((await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid());
        Assert.Equal(("", "private"), (photo.Title, photo.Visibility));
    }

    [Fact]
    public async Task Each_accepted_type_is_known_by_its_bytes()
    {
        using var owner = media.NewOwner();
        var picture = Picture.Photo(40, 30);
        (byte[] File, string Type)[] files =
        [
            (picture.ToJpeg(), "image/jpg"), (picture.ToJpeg(progressive: true), "image/jpeg; q=1"), (picture.ToPng(), "IMAGE/PNG"), (picture.ToWebP(), "image/webp"), (picture.ToGif(), "image/gif"),
            ([.. CameraFile.WithMetadata(picture.ToJpeg(), 6), .. "PK\u0003\u0004<script>"u8], "image/jpeg"),
        ];
        foreach (var (file, type) in files)
        {
            using var response = await owner.PostAsync(file, type);
            Assert.True(response.StatusCode == HttpStatusCode.Accepted, type);
        }
        Assert.Equal(["image/gif", "image/jpeg", "image/jpeg", "image/jpeg", "image/png", "image/webp"],
            await media.Environment.QueryAsync<string>("media", "SELECT content_type FROM photos WHERE owner_id = $1 ORDER BY content_type", owner.Id));
    }

    [Fact]
    public async Task Nothing_that_the_server_decides_can_be_sent()
    {
        using var owner = media.NewOwner();
        using var response = await owner.PostAsync(RunningMedia.Jpeg, query: $"?ownerId={Guid.NewGuid()}&state=ready&id={Guid.NewGuid()}&version=7&createdAt=2001-01-01");
        var photo = await owner.GetAsync((await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid());
        Assert.Equal((owner.Id, "pending"), (photo.OwnerId, photo.State));
        Assert.InRange(photo.CreatedAt, TimeProvider.System.GetUtcNow().AddMinutes(-1), TimeProvider.System.GetUtcNow());
    }

    [Fact]
    public async Task An_owner_with_more_than_20_unfinished_photos_moves_to_the_bulk_lane()
    {
        using var owner = media.NewOwner();
        using var other = media.NewOwner();
        for (var i = 0; i < 21; i++)
            Assert.Equal(await owner.UploadAsync(), (await RunningMedia.NextAsync(media.Jobs, job => job.PhotoId, (await owner.RowsAsync()).Max())).PhotoId);

        var late = await owner.UploadAsync();
        Assert.Equal(late, (await media.BulkJobs.NextAsync()).Message.PhotoId);
        var others = await other.UploadAsync();
        Assert.Equal(others, (await RunningMedia.NextAsync(media.Jobs, job => job.PhotoId, others)).PhotoId);
    }

    public static TheoryData<string> Titles =>
    [
        "\u202Egnp.exe", "👩‍👩‍👧‍👦 Zoë à la plage", "e\u0301\u0301\u0301", "<script>alert(1)</script>", "'; DROP TABLE photos; --", "../../etc/passwd", "%2e%2e%2f%00", "-rf", "CON", new string('x', 200), "a\"b\\c",
    ];

    [Theory, MemberData(nameof(Titles))]
    public async Task A_strange_title_is_kept_as_it_is(string title)
    {
        using var owner = media.NewOwner();
        var photo = await owner.GetAsync(await owner.UploadAsync($"?title={Uri.EscapeDataString(title)}"));
        Assert.Equal(title, photo.Title);
    }

    [Theory]
    [InlineData("title", "a%0D%0ASet-Cookie:%20x=y")]
    [InlineData("title", "a%00b")]
    [InlineData("title", "%1b[2J")]
    [InlineData("visibility", "friends")]
    [InlineData("visibility", "0")]
    [InlineData("visibility", "public,private")]
    [InlineData("visibility", "%20public")]
    [InlineData("visibility", "pub%00lic")]
    public async Task A_bad_title_or_visibility_is_named(string field, string value)
    {
        using var owner = media.NewOwner();
        var files = media.Files();
        using var response = await owner.PostAsync(RunningMedia.Jpeg, query: $"?{field}={value}");
        var problem = await RunningMedia.AssertProblemAsync(HttpStatusCode.BadRequest, response);
        Assert.Equal([field], problem.GetProperty("errors").EnumerateObject().Select(error => error.Name));
        Assert.Empty(await owner.RowsAsync());
        Assert.Equal(files, media.Files());
    }

    [Fact]
    public async Task A_title_of_300_characters_is_refused_and_one_of_no_text_never_hurts()
    {
        using var owner = media.NewOwner();
        using var tooLong = await owner.PostAsync(RunningMedia.Jpeg, query: $"?title={new string('x', 300)}");
        await RunningMedia.AssertProblemAsync(HttpStatusCode.BadRequest, tooLong);

        // Bytes that are no UTF-8: a lone surrogate, an overlong slash, a stray continuation byte.
        foreach (var bytes in new byte[][] { [0xED, 0xA0, 0x80], [0xC0, 0xAF], [0x80] })
        {
            using var form = new MultipartFormDataContent { { new ByteArrayContent(bytes), "title" }, { new ByteArrayContent(RunningMedia.Jpeg), "photo" } };
            await RunningMedia.AssertProblemAsync(HttpStatusCode.BadRequest, await owner.Http.PostAsync(new Uri("/api/photos", UriKind.Relative), form));
            using var inQuery = await owner.PostAsync(RunningMedia.Jpeg, query: $"?title={string.Concat(bytes.Select(value => $"%{value:X2}"))}");
            Assert.True(inQuery.StatusCode is HttpStatusCode.Accepted or HttpStatusCode.BadRequest, $"{inQuery.StatusCode}");
        }
    }

    [Fact]
    public async Task When_the_database_refuses_the_photo_its_blob_goes_too()
    {
        await media.Environment.QueryAsync<object>("media", """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'a secret of the database'; END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON photos FOR EACH ROW WHEN (NEW.title = 'refused') EXECUTE FUNCTION refuse();
            """);
        using var owner = media.NewOwner();
        var files = media.Files();
        using var response = await owner.PostAsync(RunningMedia.Jpeg, query: "?title=refused");
        await RunningMedia.AssertProblemAsync(HttpStatusCode.InternalServerError, response);
        Assert.Equal(files, media.Files());
    }
}

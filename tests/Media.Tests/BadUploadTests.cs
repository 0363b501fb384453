using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.TestImages;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Media.Tests;

/// <summary>What is refused at the upload. No test here makes a photo, so after each there is none, and no file.</summary>
public sealed class BadUploadTests(RunningMedia media) : IClassFixture<RunningMedia>
{
    private const string Boundary = "----b";
    private static readonly long MaxBytes = ImageLimits.Default.MaxBytes;
    private static readonly byte[] Jpeg = RunningMedia.Jpeg;

    private static readonly (string Case, byte[] Body, string? Type, HttpStatusCode Status, string? Code)[] Images =
    [
        ("empty", HostileFiles.Empty, "image/jpeg", HttpStatusCode.UnsupportedMediaType, "unsupported-type"),
        ("one byte", HostileFiles.OneByte, "image/jpeg", HttpStatusCode.UnsupportedMediaType, "unsupported-type"),
        ("text", HostileFiles.Text, "image/png", HttpStatusCode.UnsupportedMediaType, "unsupported-type"),
        ("svg", HostileFiles.Svg, "image/jpeg", HttpStatusCode.UnsupportedMediaType, "unsupported-type"),
        ("pdf", HostileFiles.Pdf, "image/jpeg", HttpStatusCode.UnsupportedMediaType, "unsupported-type"),
        ("gzip", [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3], "image/jpeg", HttpStatusCode.UnsupportedMediaType, "unsupported-type"),
        ("tiff", [.. "II*\0"u8, 8, 0, 0, 0, 0, 0], "image/jpeg", HttpStatusCode.UnsupportedMediaType, "unsupported-type"),
        ("svg as svg", HostileFiles.Svg, "image/svg+xml", HttpStatusCode.UnsupportedMediaType, null),
        ("a png that says jpeg", Picture.Photo(8, 8).ToPng(), "image/jpeg", HttpStatusCode.UnsupportedMediaType, "type-mismatch"),
        ("a jpeg that says webp", Jpeg, "image/webp", HttpStatusCode.UnsupportedMediaType, "type-mismatch"),
        ("a jpeg that says html", Jpeg, "text/html", HttpStatusCode.UnsupportedMediaType, null),
        ("a jpeg without a type", Jpeg, null, HttpStatusCode.UnsupportedMediaType, null),
        ("a type that is none", Jpeg, "image", HttpStatusCode.UnsupportedMediaType, null),
        ("two types", Jpeg, "image/jpeg, image/png", HttpStatusCode.UnsupportedMediaType, null),
        ("a jpeg without a frame", Jpeg[..20], "image/jpeg", HttpStatusCode.UnprocessableEntity, "truncated"),
        ("a png header bomb", HostileFiles.PngHeaderBomb(), "image/png", HttpStatusCode.UnprocessableEntity, "side-too-long"),
        ("a png of 100 megapixels", HostilePng(10_000, 10_000), "image/png", HttpStatusCode.UnprocessableEntity, "too-many-pixels"),
        ("a png of 2 gigapixels a side", HostilePng(int.MaxValue, int.MaxValue), "image/png", HttpStatusCode.UnprocessableEntity, null),
        ("a gif screen of 65535", [.. "GIF89a"u8, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0x2C, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 2, 0, 0x3B], "image/gif", HttpStatusCode.UnprocessableEntity, "side-too-long"),
        ("a jpeg that lies about its size", HostileFiles.WithJpegSize(Jpeg, 65_500, 65_500), "image/jpeg", HttpStatusCode.UnprocessableEntity, "side-too-long"),
        ("a jpeg of 50.4 megapixels", HostileFiles.WithJpegSize(Jpeg, 8000, 6300), "image/jpeg", HttpStatusCode.UnprocessableEntity, "too-many-pixels"),
        ("a progressive jpeg of 25.2 megapixels", HostileFiles.WithJpegSize(Picture.Photo(64, 48).ToJpeg(progressive: true), 6000, 4200), "image/jpeg", HttpStatusCode.UnprocessableEntity, "too-many-pixels"),
    ];

    private static readonly (string Case, string Type, string Body)[] Forms =
    [
        ("no boundary", "multipart/form-data", Part("photo", "x") + End),
        ("an empty boundary", "multipart/form-data; boundary=", Part("photo", "x") + End),
        ("a boundary of 71 characters", $"multipart/form-data; boundary={new string('b', 71)}", Part("photo", "x") + End),
        ("another boundary", "multipart/form-data; boundary=other", Part("photo", "x") + End),
        ("garbage", $"multipart/form-data; boundary={Boundary}", new string('\xff', 5000)),
        ("nothing", $"multipart/form-data; boundary={Boundary}", ""),
        ("no parts", $"multipart/form-data; boundary={Boundary}", End),
        ("no photo", $"multipart/form-data; boundary={Boundary}", Part("title", "x") + End),
        ("a part without a disposition", $"multipart/form-data; boundary={Boundary}", $"--{Boundary}\r\nContent-Type: image/jpeg\r\n\r\nx\r\n{End}"),
        ("a part without a name", $"multipart/form-data; boundary={Boundary}", $"--{Boundary}\r\nContent-Disposition: form-data\r\n\r\nx\r\n{End}"),
        ("a header without a colon", $"multipart/form-data; boundary={Boundary}", $"--{Boundary}\r\nnonsense\r\n\r\nx\r\n{End}"),
        ("two photos", $"multipart/form-data; boundary={Boundary}", Photo + Photo + End),
        ("two photos around a title", $"multipart/form-data; boundary={Boundary}", Photo + Part("title", "x") + Photo + End),
        ("10,000 parts", $"multipart/form-data; boundary={Boundary}", string.Concat(Enumerable.Repeat(Part("a", "b"), 10_000)) + Photo + End),
        ("11 parts after the photo", $"multipart/form-data; boundary={Boundary}", Photo + string.Concat(Enumerable.Repeat(Part("a", "b"), 11)) + End),
        ("a title of 3 kB", $"multipart/form-data; boundary={Boundary}", Part("title", new string('x', 3000)) + Photo + End),
        ("a part header of 100 kB", $"multipart/form-data; boundary={Boundary}", $"--{Boundary}\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"{new string('f', 100_000)}\"\r\n\r\nx\r\n{End}"),
        ("1,000 part headers", $"multipart/form-data; boundary={Boundary}", $"--{Boundary}\r\n{string.Concat(Enumerable.Range(0, 1000).Select(i => $"x-{i}: y\r\n"))}\r\nx\r\n{End}"),
        ("no final boundary after the photo", $"multipart/form-data; boundary={Boundary}", Photo),
        ("no final boundary in the photo", $"multipart/form-data; boundary={Boundary}", Photo[..^20]),
        ("no final boundary after the title", $"multipart/form-data; boundary={Boundary}", Photo + Part("title", "x")),
        ("a preamble of 100 kB", $"multipart/form-data; boundary={Boundary}", new string('p', 100_000) + "\r\n" + Photo + End),
    ];

    private static string Photo => Part("photo", Encoding.Latin1.GetString(Jpeg));

    private static string End => $"--{Boundary}--\r\n";

    public static TheoryData<string> ImageCases => [.. Images.Select(one => one.Case)];

    public static TheoryData<string> FormCases => [.. Forms.Select(one => one.Case)];

    [Theory, MemberData(nameof(ImageCases))]
    public async Task A_bad_image_is_refused_and_leaves_nothing(string name)
    {
        var (_, body, type, status, code) = Images.Single(one => one.Case == name);
        using var owner = media.NewOwner();
        var problem = await RunningMedia.AssertProblemAsync(status, await owner.PostAsync(body, type));
        if (code is not null)
            Assert.Equal(code, problem.GetProperty("code").GetString());
        Assert.NotEmpty(problem.GetProperty("detail").GetString()!);

        if (type?.StartsWith("image/", StringComparison.Ordinal) == true && code is not null)
        {
            using var form = new MultipartFormDataContent { { new ByteArrayContent(body) { Headers = { ContentType = MediaTypeHeaderValue.Parse(type) } }, "photo", "a.jpg" } };
            await RunningMedia.AssertProblemAsync(status, await owner.Http.PostAsync(new Uri("/api/photos", UriKind.Relative), form), "as a form");
        }
        await AssertNothingIsLeftAsync(owner);
    }

    [Theory, MemberData(nameof(FormCases))]
    public async Task A_bad_form_is_a_bad_request_and_leaves_nothing(string name)
    {
        var (_, type, body) = Forms.Single(one => one.Case == name);
        using var owner = media.NewOwner();
        await RunningMedia.AssertProblemAsync(HttpStatusCode.BadRequest, await owner.PostAsync(Encoding.Latin1.GetBytes(body), type));
        await AssertNothingIsLeftAsync(owner);
    }

    [Theory]
    [InlineData("multipart/mixed; boundary=b")]
    [InlineData("multipart/form-dataa; boundary=b")]
    [InlineData("application/json")]
    public async Task A_form_of_another_kind_is_an_unsupported_type(string type)
    {
        using var owner = media.NewOwner();
        await RunningMedia.AssertProblemAsync(HttpStatusCode.UnsupportedMediaType, await owner.PostAsync(Encoding.Latin1.GetBytes(Photo + End), type));
        await AssertNothingIsLeftAsync(owner);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task More_than_25_MB_are_refused_with_a_length_and_without_one(bool form, bool chunked)
    {
        using var owner = media.NewOwner();
        byte[] file = [.. Jpeg, .. new byte[MaxBytes - Jpeg.Length + 1]];
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/photos");
        var image = new ByteArrayContent(file) { Headers = { ContentType = new("image/jpeg") } };
        request.Content = form ? new MultipartFormDataContent(Boundary) { { image, "photo" } } : image;
        request.Headers.TransferEncodingChunked = chunked;
        var problem = await RunningMedia.AssertProblemAsync(HttpStatusCode.RequestEntityTooLarge, await owner.Http.SendAsync(request));
        Assert.Equal("too-many-bytes", problem.GetProperty("code").GetString());
        await AssertNothingIsLeftAsync(owner);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_length_over_the_limit_is_refused_before_the_body_is_read(bool form)
    {
        using var owner = media.NewOwner();
        var (client, stream) = await ConnectAsync(owner, form ? $"multipart/form-data; boundary={Boundary}" : "image/jpeg", contentLength: 10L * 1024 * 1024 * 1024);
        using (client)
        using (var reader = new StreamReader(stream))
            Assert.StartsWith("HTTP/1.1 413", await reader.ReadLineAsync(), StringComparison.Ordinal);
        await AssertNothingIsLeftAsync(owner);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_that_leaves_in_the_middle_leaves_nothing(bool form)
    {
        using var owner = media.NewOwner();
        var errors = media.Service.Logs.All.Count(line => line.Level >= LogLevel.Error);
        var (client, stream) = await ConnectAsync(owner, form ? $"multipart/form-data; boundary={Boundary}" : "image/jpeg", contentLength: 1_000_000);
        using (client)
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes(form ? Photo[..^40] : Encoding.Latin1.GetString(Jpeg)));
            await stream.WriteAsync(new byte[100_000]);
            await Eventually.GetAsync(() => Task.FromResult(media.Files()), files => files.Any(file => file.StartsWith(".incoming", StringComparison.Ordinal)
                && new FileInfo(Path.Combine(media.Blobs, file)).Length > 50_000));
            client.LingerState = new LingerOption(true, 0);
        }
        await Eventually.GetAsync(() => Task.FromResult(media.Files()), files => files.Count == 0);
        await AssertNothingIsLeftAsync(owner);
        Assert.Equal(errors, media.Service.Logs.All.Count(line => line.Level >= LogLevel.Error));
    }

    [Fact]
    public async Task An_anonymous_upload_is_refused()
    {
        using var client = media.Service.Client();
        using var content = new ByteArrayContent(Jpeg) { Headers = { ContentType = new("image/jpeg") } };
        await RunningMedia.AssertProblemAsync(HttpStatusCode.Unauthorized, await client.PostAsync(new Uri("/api/photos", UriKind.Relative), content));
        Assert.Empty(media.Files());
    }

    private static string Part(string name, string body) => $"--{Boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{body}\r\n";

    private static byte[] HostilePng(int width, int height) => [0x89, .. "PNG\r\n"u8, 0x1A, 0x0A, .. PngChunks.Header(width, height, 8, 6), .. PngChunks.Chunk("IDAT", [1, 2, 3])];

    private async Task<(TcpClient Client, NetworkStream Stream)> ConnectAsync(Owner owner, string contentType, long contentLength)
    {
        var client = new TcpClient();
        await client.ConnectAsync(media.Service.Address.Host, media.Service.Address.Port);
        var stream = client.GetStream();
        var identity = Assert.Single(owner.Http.DefaultRequestHeaders.GetValues(IdentitySigner.Header));
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /api/photos HTTP/1.1\r\nHost: media\r\n{IdentitySigner.Header}: {identity}\r\nContent-Type: {contentType}\r\nContent-Length: {contentLength}\r\n\r\n"));
        return (client, stream);
    }

    private async Task AssertNothingIsLeftAsync(Owner owner)
    {
        Assert.Empty(await owner.RowsAsync());
        Assert.Empty(media.Files());
        Assert.Equal([0L], await media.Environment.QueryAsync<long>("media", "SELECT count(*) FROM outbox"));
    }
}

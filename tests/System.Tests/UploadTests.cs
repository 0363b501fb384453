using System.Net;
using System.Net.Http.Headers;
using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.Testing;
using PhotoPlatform.TestImages;

namespace PhotoPlatform.SystemTests;

public abstract class UploadTests(SharedPlatform shared)
{
    [Fact]
    public async Task A_photo_of_each_orientation_becomes_upright_renditions_without_metadata()
    {
        using var person = await Person.SignUpAsync(shared.Platform);
        var upright = Picture.Quadrants(1600, 1000);
        foreach (var orientation in Enum.GetValues<ExifOrientation>())
        {
            var id = await person.UploadAsync(CameraFile.WithMetadata(upright.StoredAs(orientation).ToJpeg(), (int)orientation));
            var photo = await person.SettledAsync(id);

            Assert.Equal(("ready", 1600, 1000), (photo.State, photo.Width, photo.Height));
            Assert.InRange(photo.Placeholder!.Length, 6, 40);
            Assert.Equal([("thumb", 256, 256), ("small", 640, 400), ("medium", 1280, 800), ("large", 1600, 1000)], photo.Renditions.Select(r => (r.Name, r.Width, r.Height)));
            foreach (var rendition in photo.Renditions)
            {
                var bytes = await person.BytesAsync(photo, rendition.Name);
                Assert.Equal(rendition.Bytes, bytes.Length);
                Assert.Empty(WebPChunks.Metadata(bytes));
                Assert.All(CameraFile.Secrets, secret => Assert.True(bytes.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(secret)) < 0, secret));
            }
            var large = Picture.FromWebP(await person.BytesAsync(photo, "large"));
            Assert.True(large.MeanDifference(upright) < 4, $"orientation {orientation}: the rendition is not the upright picture");
        }
    }

    [Fact]
    public async Task Each_accepted_format_becomes_ready_and_of_an_animation_the_first_frame()
    {
        using var person = await Person.SignUpAsync(shared.Platform);
        var (first, second) = (Picture.Solid(300, 200, 200, 30, 30), Picture.Solid(300, 200, 30, 30, 200));
        foreach (var (bytes, type) in new[]
        {
            (first.ToJpeg(), "image/jpeg"), (first.ToPng(), "image/png"), (first.ToWebP(), "image/webp"),
            (Picture.AnimatedGif(first, second), "image/gif"), (Picture.AnimatedWebP(first, second), "image/webp"),
        })
        {
            var photo = await person.SettledAsync(await person.UploadAsync(bytes, type));
            Assert.Equal("ready", photo.State);
            Assert.True(Picture.FromWebP(await person.BytesAsync(photo, "large")).MeanDifference(first) < 6, type);
        }
    }

    [Fact]
    public async Task A_rendition_has_an_etag_is_not_sniffed_and_answers_conditional_requests()
    {
        using var person = await Person.SignUpAsync(shared.Platform);
        var photo = await person.SettledAsync(await person.UploadAsync(Picture.Photo(400, 300).ToJpeg()));
        var url = photo.Renditions[0].Url;

        using var response = await person.Http.GetAsync(url);
        Assert.Equal("image/webp", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
        Assert.False(response.Headers.ETag!.IsWeak);

        using var again = new HttpRequestMessage(HttpMethod.Get, url);
        again.Headers.IfNoneMatch.Add(response.Headers.ETag);
        Assert.Equal(HttpStatusCode.NotModified, (await person.Http.SendAsync(again)).StatusCode);
    }

    [Fact]
    public async Task Every_bad_input_has_its_answer_and_leaves_no_photo()
    {
        using var person = await Person.SignUpAsync(shared.Platform);
        var jpeg = Picture.Photo(64, 64).ToJpeg();
        (string Case, byte[] Body, string Type, string Query, HttpStatusCode Status)[] cases =
        [
            ("empty", HostileFiles.Empty, "image/jpeg", "", HttpStatusCode.UnsupportedMediaType),
            ("one byte", HostileFiles.OneByte, "image/jpeg", "", HttpStatusCode.UnsupportedMediaType),
            ("text", HostileFiles.Text, "image/jpeg", "", HttpStatusCode.UnsupportedMediaType),
            ("svg", HostileFiles.Svg, "image/svg+xml", "", HttpStatusCode.UnsupportedMediaType),
            ("svg as jpeg", HostileFiles.Svg, "image/jpeg", "", HttpStatusCode.UnsupportedMediaType),
            ("pdf", HostileFiles.Pdf, "image/png", "", HttpStatusCode.UnsupportedMediaType),
            ("no image type", jpeg, "text/plain", "", HttpStatusCode.UnsupportedMediaType),
            ("another type than it says", jpeg, "image/png", "", HttpStatusCode.UnsupportedMediaType),
            ("pixel bomb", HostileFiles.PngHeaderBomb(), "image/png", "", HttpStatusCode.UnprocessableEntity),
            ("lying size", HostileFiles.WithJpegSize(jpeg, 65_500, 65_500), "image/jpeg", "", HttpStatusCode.UnprocessableEntity),
            ("too large", [.. jpeg, .. new byte[26 * 1024 * 1024]], "image/jpeg", "", HttpStatusCode.RequestEntityTooLarge),
            ("bad visibility", jpeg, "image/jpeg", "?visibility=friends", HttpStatusCode.BadRequest),
            ("long title", jpeg, "image/jpeg", $"?title={new string('x', 201)}", HttpStatusCode.BadRequest),
        ];
        foreach (var (name, body, type, query, status) in cases)
            await AssertProblemAsync(name, status, await person.PostAsync(body, type, query));

        using (var form = new MultipartFormDataContent { { new StringContent("x"), "title" } })
            await AssertProblemAsync("no photo field", HttpStatusCode.BadRequest, await person.Http.PostAsync("/api/photos", form));
        using (var garbage = new ByteArrayContent("no parts"u8.ToArray()))
        {
            garbage.Headers.ContentType = MediaTypeHeaderValue.Parse("multipart/form-data; boundary=b");
            await AssertProblemAsync("garbage form", HttpStatusCode.BadRequest, await person.Http.PostAsync("/api/photos", garbage));
        }
        Assert.Contains("\"items\":[]", await person.Http.GetStringAsync("/api/photos"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_truncated_photo_is_accepted_and_rejected_later_with_a_reason()
    {
        using var person = await Person.SignUpAsync(shared.Platform);
        var photo = await person.SettledAsync(await person.UploadAsync(HostileFiles.Truncated(Picture.Photo(800, 600).ToJpeg())));
        Assert.Equal(("rejected", "truncated"), (photo.State, photo.Reason));
        Assert.Empty(photo.Renditions);
    }

    [Fact]
    public async Task Strangers_find_nothing_and_nobody_gets_in_without_a_session()
    {
        using var owner = await Person.SignUpAsync(shared.Platform);
        using var stranger = await Person.SignUpAsync(shared.Platform);
        using var nobody = new HttpClient { BaseAddress = shared.Platform.Address };
        var photo = await owner.SettledAsync(await owner.UploadAsync(Picture.Photo(64, 64).ToJpeg()));

        await AssertProblemAsync("foreign photo", HttpStatusCode.NotFound, await stranger.Http.GetAsync($"/api/photos/{photo.Id}"));
        await AssertProblemAsync("foreign delete", HttpStatusCode.NotFound, await stranger.Http.DeleteAsync($"/api/photos/{photo.Id}"));
        // The address as its owner gets it is signed, and good for whoever has it; without the signature it is the owner's alone.
        var (signed, plain) = (photo.Renditions[0].Url, photo.Renditions[0].Url.Split('?')[0]);
        Assert.Equal(HttpStatusCode.OK, (await nobody.GetAsync(signed)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await owner.Http.GetAsync(plain)).StatusCode);
        await AssertProblemAsync("foreign rendition", HttpStatusCode.NotFound, await stranger.Http.GetAsync(plain));
        await AssertProblemAsync("rendition without a session", HttpStatusCode.NotFound, await nobody.GetAsync(plain));
        await AssertProblemAsync("forged signature", HttpStatusCode.NotFound, await nobody.GetAsync(signed[..^2] + (signed[^2] == 'A' ? "B" : "A") + signed[^1]));
        await AssertProblemAsync("unknown photo", HttpStatusCode.NotFound, await owner.Http.GetAsync($"/api/photos/{Guid.NewGuid()}"));
        await AssertProblemAsync("no session", HttpStatusCode.Unauthorized, await nobody.GetAsync("/api/photos"));
        await AssertProblemAsync("no session", HttpStatusCode.Unauthorized, await nobody.GetAsync("/api/users/me"));
        await AssertProblemAsync("no session", HttpStatusCode.Unauthorized, await nobody.GetAsync("/api/events"));

        using var direct = new HttpClient { BaseAddress = shared.Platform.Instances("media")[0].Url };
        direct.DefaultRequestHeaders.Add("X-Internal-Identity", "e30.e30");
        await AssertProblemAsync("past the gateway", HttpStatusCode.Unauthorized, await direct.GetAsync("/api/photos"));

        Assert.Equal(HttpStatusCode.NoContent, (await owner.Http.DeleteAsync($"/api/photos/{photo.Id}")).StatusCode);
        await AssertProblemAsync("deleted photo", HttpStatusCode.NotFound, await owner.Http.GetAsync($"/api/photos/{photo.Id}"));
        await AssertProblemAsync("deleted rendition", HttpStatusCode.NotFound, await owner.Http.GetAsync(photo.Renditions[0].Url));
    }

    [Fact]
    public async Task The_stream_tells_of_a_photo_and_one_trace_runs_from_the_upload_to_the_event()
    {
        using var person = await Person.SignUpAsync(shared.Platform);
        using var stream = new StreamReader(await person.Http.GetStreamAsync("/api/events"));
        await stream.ReadLineAsync();
        var id = await person.UploadAsync(Picture.Photo(640, 480).ToJpeg());

        var lines = new List<string>();
        while (!lines.Contains("event: photo-ready") || !lines.Any(line => line.StartsWith("data:", StringComparison.Ordinal)))
            lines.Add((await stream.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60)))!);
        Assert.Contains(lines, line => line.Contains(id.ToString(), StringComparison.Ordinal));
        Assert.Equal("ready", (await person.PhotoAsync(id)).State);

        // Every process of the way logged in the upload's trace, and sent its spans.
        var traceId = Assert.Single(Traces.That(shared.Platform, "photo-processor", $"Processed photo {id}"));
        string[] way = ["gateway", "media", "photo-processor", "notifier"];
        await Eventually.GetAsync(() => Task.FromResult(Traces.ServicesOf(shared.Platform, traceId)), found => way.All(found.Contains));
        await Eventually.GetAsync(() => Task.FromResult(shared.Traces.ServicesOf(traceId, way)), found => found.Count == way.Length);
    }

    private static async Task AssertProblemAsync(string name, HttpStatusCode expected, HttpResponseMessage response)
    {
        using (response)
        {
            var body = await response.Content.ReadAsStringAsync();
            Assert.True(expected == response.StatusCode, $"{name}: {(int)response.StatusCode} instead of {(int)expected}: {body}");
            Assert.True(response.Content.Headers.ContentType?.MediaType == "application/problem+json", $"{name}: {response.Content.Headers.ContentType}");
            Assert.DoesNotContain("   at ", body, StringComparison.Ordinal);
        }
    }
}

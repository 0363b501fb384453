using System.Text.Json;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.TestImages;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Media.Tests;

/// <summary>A client that others wrote: tus-js-client of the npm registry.</summary>
public sealed class UploadClientTests(RunningMedia media) : IClassFixture<RunningMedia>
{
    private static readonly string Script = Path.Combine(Repository.Root, "tests", "Media.Tests", "tus-client.mjs");

    [Fact]
    public async Task The_public_client_uploads_in_parts_breaks_off_and_resumes()
    {
        using var owner = media.NewOwner();
        byte[] image = [.. Picture.Photo(800, 600).ToPng(), .. new byte[500_000]];
        var file = Path.Combine(media.Environment.Folder, "photo.png");
        await File.WriteAllBytesAsync(file, image);

        var broken = await RunAsync(owner, file, breakAfter: 250_000);
        Assert.Equal(["POST 201", "PATCH 204", "PATCH 204", "PATCH 204"], Requests(broken));
        Assert.Empty(await owner.RowsAsync());

        var resumed = await RunAsync(owner, file, breakAfter: 0);
        var requests = Requests(resumed);
        Assert.Equal("HEAD 200", requests[0]);
        Assert.Equal(Enumerable.Repeat("PATCH 204", (image.Length - 300_000 + 99_999) / 100_000), requests.Skip(1));
        var photo = Guid.Parse(resumed.GetProperty("photo").GetString()!);
        Assert.Equal([photo], await owner.RowsAsync());
        var view = await owner.GetAsync(photo);
        Assert.Equal(("Am Meer – 海", "unlisted", 800, 600), (view.Title, view.Visibility, view.Width, view.Height));
        Assert.Equal(image, await File.ReadAllBytesAsync(Path.Combine(media.Blobs, "originals", $"{photo}")));
        Assert.Equal(photo, (await RunningMedia.NextAsync(media.Jobs, job => job.PhotoId, photo)).PhotoId);
    }

    private async Task<JsonElement> RunAsync(Owner owner, string file, int breakAfter)
    {
        var identity = Assert.Single(owner.Http.DefaultRequestHeaders.GetValues(IdentitySigner.Header));
        await using var client = NodeProgram.Start(
            Script, NodeProgram.Folder, new Uri(media.Service.Address, "/api/uploads").ToString(), file, $"{file}.store", $"{breakAfter}",
            $"{IdentitySigner.Header}={identity}", "--", "filename=photo.png", "filetype=image/png", "title=Am Meer – 海", "visibility=unlisted");
        return JsonSerializer.Deserialize<JsonElement>(await client.FinishAsync());
    }

    private static List<string?> Requests(JsonElement outcome) => [.. outcome.GetProperty("requests").EnumerateArray().Select(request => request.GetString())];
}

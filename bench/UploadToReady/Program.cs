using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using PhotoPlatform.Imaging;
using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.TestImages;

// How long a photo takes from upload to ready on a running platform, and how much of that is the rendering itself: each photo is uploaded,
// and rendered in this process, in turn.
const string Usage = """
    usage: dotnet run --project bench/UploadToReady [-- [--url URL] [--count N] [PHOTO.jpg...]]
      --url URL    a running platform (default http://localhost:8080)
      --count N    uploads (default 30)
      PHOTO.jpg    what to upload, in turn (default: made photos of 2 megapixels)
    """;
var (url, count, files) = ("http://localhost:8080", 30, new List<string>());
for (var i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--url" when i + 1 < args.Length:
            url = args[++i];
            break;
        case "--count" when i + 1 < args.Length && int.TryParse(args[i + 1], CultureInfo.InvariantCulture, out count) && count > 0:
            i++;
            break;
        case var file when !file.StartsWith('-') && File.Exists(file):
            files.Add(file);
            break;
        case var other:
            await Console.Error.WriteLineAsync(other is "--help" or "-h" ? Usage : $"UploadToReady: '{other}' is no option and no file.\n{Usage}");
            return 2;
    }
}

var photos = files.Count > 0 ? files.ConvertAll(File.ReadAllBytes) : Enumerable.Range(1, 4).Select(seed => Picture.Photo(1800, 1200, seed).ToJpeg()).ToList();
using var http = new HttpClient { BaseAddress = new Uri(url) };
try
{
    await SignUpAsync(http);
}
catch (HttpRequestException exception) when (exception.StatusCode is null)
{
    Console.Error.WriteLine($"{url} cannot be reached: start the platform with ./run first, or name its address with --url.");
    return 1;
}
using var events = new StreamReader(await http.GetStreamAsync("/api/events"));
var renderer = new VipsPhotoRenderer(ImageLimits.Default);

var (accepted, ready, rendering) = (new List<double>(), new List<double>(), new List<double>());
const int WarmUps = 5;
for (var i = -WarmUps; i < count; i++)
{
    var photo = photos[(i + WarmUps) % photos.Count];
    var start = Stopwatch.GetTimestamp();
    using var content = new ByteArrayContent(photo) { Headers = { ContentType = new MediaTypeHeaderValue("image/jpeg") } };
    using var response = await http.PostAsync("/api/photos", content);
    response.EnsureSuccessStatusCode();
    var acceptedAfter = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    var id = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;
    await ReadyEventAsync(events, id);
    var readyAfter = Stopwatch.GetElapsedTime(start).TotalMilliseconds;

    var alone = Stopwatch.GetTimestamp();
    await renderer.RenderAsync(photo, RenditionSet.Default, CancellationToken.None);
    if (i >= 0)
    {
        accepted.Add(acceptedAfter);
        ready.Add(readyAfter);
        rendering.Add(Stopwatch.GetElapsedTime(alone).TotalMilliseconds);
    }
}

Print("upload to 202", accepted);
Print("upload to ready (event received)", ready);
Print("rendering alone, this process", rendering);
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"RATIO upload-to-ready/rendering {At(ready, 0.5) / At(rendering, 0.5):0.00}"));
return 0;

static async Task SignUpAsync(HttpClient http)
{
    var handle = $"bench{Guid.NewGuid():N}"[..20];
    var (email, password) = ($"{handle}@example.org", "a password for the bench");
    (await http.PostAsJsonAsync("/api/users", new { email, handle, displayName = "Bench", password })).EnsureSuccessStatusCode();
    var session = await (await http.PostAsJsonAsync("/api/sessions", new { email, password })).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
    http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", session.GetProperty("token").GetString());
}

static async Task ReadyEventAsync(StreamReader events, string id)
{
    var type = "";
    while (await events.ReadLineAsync() is { } line)
    {
        if (line.StartsWith("event: ", StringComparison.Ordinal))
            type = line["event: ".Length..];
        if (!line.StartsWith("data:", StringComparison.Ordinal) || !line.Contains(id, StringComparison.Ordinal) || type == "photo-uploaded")
            continue;
        if (type != "photo-ready")
            throw new InvalidOperationException($"Photo {id} ended as {type}.");
        return;
    }
    throw new InvalidOperationException("The event stream ended.");
}

static double At(List<double> values, double quantile) => values.Order().ElementAt((int)(quantile * (values.Count - 1)));

static void Print(string name, List<double> values) =>
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-34} p50 {At(values, 0.5),6:0} ms   p95 {At(values, 0.95),6:0} ms   n {values.Count}"));

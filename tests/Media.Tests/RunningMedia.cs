using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using PhotoPlatform.Contracts;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.TestImages;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Media.Tests;

/// <summary>Media on its own database, broker and folder, for one class of tests; the tests are its PhotoProcessor.</summary>
public class RunningMedia : IAsyncLifetime
{
    /// <summary>A small photo.</summary>
    public static readonly byte[] Jpeg = Picture.Photo(64, 48).ToJpeg();

    private TestEnvironment? _environment;
    private RunningService? _service;
    private TestBus? _bus;

    public TestEnvironment Environment => _environment!;

    public RunningService Service => _service!;

    public TestBus Bus => _bus!;

    public Inbound<ProcessPhoto> Jobs { get; private set; } = null!;

    public Inbound<ProcessPhoto> BulkJobs { get; private set; } = null!;

    public Inbound<PhotoReady> Ready { get; private set; } = null!;

    public Inbound<PhotoUploaded> Uploaded { get; private set; } = null!;

    public Inbound<PhotoUnusable> Unusable { get; private set; } = null!;

    public Inbound<PhotoDeleted> Deleted { get; private set; } = null!;

    public Inbound<ExportPartWritten> Exported { get; private set; } = null!;

    /// <summary>The service's clock. Identities do not follow it.</summary>
    public TestClock Clock { get; } = new();

    /// <summary>Where the blobs lie.</summary>
    public string Blobs => Path.Combine(Environment.Folder, "blobs");

    public virtual async ValueTask InitializeAsync()
    {
        _environment = await TestEnvironment.CreateAsync("media");
        _bus = await TestBus.ConnectAsync(_environment);
        Jobs = await _bus.TakeAsync<ProcessPhoto>(PhotoQueues.Interactive);
        BulkJobs = await _bus.TakeAsync<ProcessPhoto>(PhotoQueues.Bulk);
        Uploaded = await _bus.ListenAsync<PhotoUploaded>();
        Ready = await _bus.ListenAsync<PhotoReady>();
        Unusable = await _bus.ListenAsync<PhotoUnusable>();
        Deleted = await _bus.ListenAsync<PhotoDeleted>();
        Exported = await _bus.ListenAsync<ExportPartWritten>();
        _service = await StartReplicaAsync();
    }

    /// <summary>The settings of its replicas, unless a test has others.</summary>
    protected virtual Dictionary<string, string?>? Settings => null;

    /// <summary>Media once more, on the same database, broker and folder.</summary>
    public Task<RunningService> StartReplicaAsync(Dictionary<string, string?>? settings = null, Action<IServiceCollection>? replace = null) => RunningService.StartAsync("media", Environment, builder => builder.AddMedia(), app => app.MapMedia(), settings ?? Settings, services =>
    {
        services.Replace(ServiceDescriptor.Singleton<TimeProvider>(Clock));
        services.Replace(ServiceDescriptor.Singleton(new IdentitySigner(System.Text.Encoding.UTF8.GetBytes(TestEnvironment.IdentityKey), TimeProvider.System)));
        replace?.Invoke(services);
    });

    /// <summary>
    /// Sends a message often, at once: under four ids, each three times. Returns when its consumer has had each of them. An event goes to its subscribers, a command to the queue.
    /// </summary>
    public async Task DeliverOftenAsync(string queue, object message, bool isCommand = false)
    {
        var ids = Enumerable.Range(0, 4).Select(_ => Guid.CreateVersion7()).ToArray();
        await Task.WhenAll(ids.SelectMany(id => Enumerable.Repeat(id, 3)).Select(id => isCommand ? Bus.SendAsync(queue, message, id) : Bus.PublishAsync(message, id)));
        await Eventually.GetAsync(() => Environment.QueryAsync<long>("media", "SELECT count(*) FROM inbox WHERE consumer = $1 AND message_id = ANY($2)", queue, ids), counts => counts[0] == ids.Length);
        Assert.Empty(await Environment.PeekAsync($"{queue}.dead"));
    }

    /// <summary>What an event stream has had, up to a marker of the test's own.</summary>
    public async Task<List<PhotoDeleted>> DeletedSoFarAsync()
    {
        var marker = new PhotoDeleted(Guid.NewGuid(), Guid.NewGuid(), $"originals/{Guid.NewGuid()}", DateTimeOffset.UnixEpoch);
        await Bus.PublishAsync(marker);
        var before = new List<PhotoDeleted>();
        for (PhotoDeleted next; (next = (await Deleted.NextAsync()).Message).PhotoId != marker.PhotoId;)
            before.Add(next);
        return before;
    }

    /// <summary>Photos that lie in the database only, and the ids they got, oldest first.</summary>
    public async Task<List<Guid>> SeedAsync(Guid owner, int count, string visibility = "Public", string state = "Ready")
    {
        var ids = Enumerable.Range(0, count).Select(_ => PlatformId.New(TimeProvider.System, PlatformId.BucketOf(owner))).Order().ToArray();
        await Environment.QueryAsync<Guid>("media", """
            INSERT INTO photos (id, owner_id, title, visibility, state, version, epoch, content_type, bytes, sha256, source, width, height, created_at)
            SELECT id, $2, 'seeded', $3, $4, 1, 1, 'image/jpeg', 1000, '\\x00', 'originals/' || id, 64, 48, now() FROM unnest($1) id RETURNING id
            """, ids, owner, visibility, state);
        return [.. ids];
    }

    /// <summary>The files of a photo.</summary>
    public IReadOnlyList<string> FilesOf(Guid photo) => [.. Files().Where(file => file.Contains(photo.ToString(), StringComparison.Ordinal))];

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_service is not null)
            await _service.DisposeAsync();
        if (_bus is not null)
            await _bus.DisposeAsync();
        if (_environment is not null)
            await _environment.DisposeAsync();
    }

    /// <summary>Somebody who signed in.</summary>
    public Owner NewOwner()
    {
        var id = PlatformId.New(TimeProvider.System, PlatformId.NewBucket());
        return Meet(id, Service);
    }

    /// <summary>Somebody who signed in, at one of several replicas.</summary>
    public Owner Meet(Guid id, RunningService replica) => new(this, id, replica.Client(id));

    /// <summary>Every file below the blobs' folder, unfinished ones too.</summary>
    public IReadOnlyList<string> Files() => Directory.EnumerateFiles(Blobs, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Blobs, file)).Order().ToList();

    /// <summary>Writes four small renditions, as PhotoProcessor does.</summary>
    public PhotoProcessed Render(Guid photoId)
    {
        var renditions = new List<RenditionFile>();
        foreach (var (name, side) in new[] { ("thumb", 48), ("small", 64), ("medium", 64), ("large", 64) })
        {
            var key = $"renditions/{photoId:D}/1/abc-{name}.webp";
            var bytes = BytesOf(name);
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(Blobs, key))!);
            File.WriteAllBytes(Path.Combine(Blobs, key), bytes);
            renditions.Add(new(name, key, side, 48, "image/webp", bytes.Length, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes))));
        }
        return new PhotoProcessed(photoId, 1, 64, 48, "LEHV6nWB2yk8pyo0adR*.7kCMdnj", renditions);
    }

    /// <summary>What lies in a rendition's blob here.</summary>
    public static byte[] BytesOf(string rendition) => System.Text.Encoding.UTF8.GetBytes($"the bytes of {rendition}");

    /// <summary>The next event of this photo.</summary>
    public static async Task<T> NextAsync<T>(Inbound<T> inbound, Func<T, Guid> photoOf, Guid photoId)
    {
        for (; ; )
        {
            var (_, message) = await inbound.NextAsync();
            if (photoOf(message) == photoId)
                return message;
        }
    }

    /// <summary>The answer is a problem with this status.</summary>
    public static async Task<JsonElement> AssertProblemAsync(HttpStatusCode status, HttpResponseMessage response, string? name = null)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(status == response.StatusCode, $"{name}: {response.StatusCode} {text}");
        Assert.True(response.Content.Headers.ContentType?.MediaType == "application/problem+json", $"{name}: {response.Content.Headers.ContentType} {text}");
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
        response.Dispose();
        return JsonSerializer.Deserialize<JsonElement>(text);
    }
}

/// <summary>A signed-in user of Media.</summary>
public sealed class Owner(RunningMedia media, Guid id, HttpClient http) : IDisposable
{
    public Guid Id => id;

    public HttpClient Http => http;

    public async Task<HttpResponseMessage> PostAsync(byte[] image, string? contentType = "image/jpeg", string query = "")
    {
        using var content = new ByteArrayContent(image);
        content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        return await http.PostAsync(new Uri($"/api/photos{query}", UriKind.Relative), content);
    }

    public async Task<Guid> UploadAsync(string query = "")
    {
        using var response = await PostAsync(RunningMedia.Jpeg, query: query);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
    }

    /// <summary>Uploads a photo and plays PhotoProcessor until it is ready.</summary>
    public async Task<PhotoView> ReadyPhotoAsync(string query = "")
    {
        var photo = await UploadAsync(query);
        await media.Bus.PublishAsync(media.Render(photo));
        await RunningMedia.NextAsync(media.Ready, ready => ready.PhotoId, photo);
        return await GetAsync(photo);
    }

    public async Task<PhotoView> GetAsync(Guid photo) => (await http.GetFromJsonAsync<PhotoView>($"/api/photos/{photo}"))!;

    public Task<HttpResponseMessage> GetAsync(string path) => http.GetAsync(new Uri(path, UriKind.Relative));

    public Task<HttpResponseMessage> PatchAsync(Guid photo, object change, string? ifMatch = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Patch, $"/api/photos/{photo}") { Content = JsonContent.Create(change) };
        if (ifMatch is not null)
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        return http.SendAsync(request);
    }

    public Task<HttpResponseMessage> DeleteAsync(Guid photo) => http.DeleteAsync(new Uri($"/api/photos/{photo}", UriKind.Relative));

    public Task<List<Guid>> RowsAsync() => media.Environment.QueryAsync<Guid>("media", "SELECT id FROM photos WHERE owner_id = $1", id);

    /// <summary>Tells Media of the owner's account.</summary>
    /// <returns>Its handle.</returns>
    public async Task<string> RegisterAsync()
    {
        var handle = $"u{id:N}"[..30];
        await media.Bus.PublishAsync(new UserRegistered(id, handle, "Somebody", "somebody@example.org", DateTimeOffset.UnixEpoch));
        await Eventually.GetAsync(() => media.Environment.QueryAsync<Guid>("media", "SELECT user_id FROM owners WHERE handle = $1", handle), owners => owners.Count == 1);
        return handle;
    }

    public async Task<Page> PageAsync(string path) => (await http.GetFromJsonAsync<Page>(path))!;

    public void Dispose() => http.Dispose();
}

public sealed record PhotoView(
    Guid Id, Guid OwnerId, string Title, string Visibility, string State, string? Reason, int Width, int Height, string? Placeholder, IReadOnlyList<RenditionView> Renditions, DateTimeOffset CreatedAt, string Description = "", bool Avatar = false)
{
    public string UrlOf(string rendition) => Renditions.Single(one => one.Name == rendition).Url;
}

public sealed record RenditionView(string Name, string Url, int Width, int Height, string ContentType, long Bytes);

public sealed record Page(IReadOnlyList<PhotoView> Items, string? Next);

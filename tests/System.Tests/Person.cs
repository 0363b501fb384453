using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using PhotoPlatform.Testing;

namespace PhotoPlatform.SystemTests;

/// <summary>Somebody who signed up and in, through the gateway.</summary>
public sealed class Person : IDisposable
{
    public const string Password = "correct horse battery";
    private readonly Uri _platform;

    private Person(Uri platform, string handle, string email) => (_platform, Handle, Email, Http) = (platform, handle, email, new HttpClient { BaseAddress = platform, Timeout = TimeSpan.FromSeconds(60) });

    public HttpClient Http { get; }

    public string Handle { get; }

    public string Email { get; }

    public static Task<Person> SignUpAsync(Platform platform) => SignUpAsync(platform.Address);

    public static async Task<Person> SignUpAsync(Uri platform)
    {
        var handle = $"u{Guid.NewGuid():N}"[..20];
        var person = new Person(platform, handle, $"{handle}@example.org");
        (await person.Http.PostAsJsonAsync("/api/users", new { person.Email, handle, displayName = "A Person", Password })).EnsureSuccessStatusCode();
        await person.SignInAsync();
        return person;
    }

    /// <summary>The same person in a session of its own, as with another device.</summary>
    public async Task<Person> AgainAsync()
    {
        var again = new Person(_platform, Handle, Email);
        await again.SignInAsync();
        return again;
    }

    public async Task<JsonElement> GetAsync(string path) => await Http.GetFromJsonAsync<JsonElement>(new Uri(path, UriKind.Relative));

    /// <summary>Their stream of events, from now on.</summary>
    public async Task<EventStream> StreamAsync()
    {
        var response = await Http.GetAsync(new Uri("/api/events", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        return new EventStream(response, await response.Content.ReadAsStreamAsync());
    }

    public async Task SignInAsync(string password = Password)
    {
        var response = await Http.PostAsJsonAsync("/api/sessions", new { Email, password });
        response.EnsureSuccessStatusCode();
        var session = await response.Content.ReadFromJsonAsync<Session>();
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", session!.Token);
    }

    public async Task<HttpResponseMessage> PostAsync(byte[] image, string contentType = "image/jpeg", string query = "")
    {
        using var content = new ByteArrayContent(image);
        content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        return await Http.PostAsync(new Uri($"/api/photos{query}", UriKind.Relative), content);
    }

    public async Task<Guid> UploadAsync(byte[] image, string contentType = "image/jpeg")
    {
        using var response = await PostAsync(image, contentType);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        var created = await response.Content.ReadFromJsonAsync<Created>();
        Assert.Equal($"/api/photos/{created!.Id}", response.Headers.Location!.ToString());
        return created.Id;
    }

    public async Task<Photo> PhotoAsync(Guid id) => (await Http.GetFromJsonAsync<Photo>($"/api/photos/{id}"))!;

    /// <summary>The photo once it is no longer pending.</summary>
    public Task<Photo> SettledAsync(Guid id) => Eventually.GetAsync(() => PhotoAsync(id), photo => photo.State != "pending", TimeSpan.FromMinutes(2));

    public async Task<byte[]> BytesAsync(Photo photo, string rendition) => await Http.GetByteArrayAsync(photo.Renditions.Single(r => r.Name == rendition).Url);

    public void Dispose() => Http.Dispose();

    private sealed record Session(string Token);

    private sealed record Created(Guid Id, string State);
}

public sealed record Photo(Guid Id, string State, string? Reason, int Width, int Height, string? Placeholder, IReadOnlyList<PhotoRendition> Renditions);

public sealed record PhotoRendition(string Name, string Url, int Width, int Height, string ContentType, long Bytes);

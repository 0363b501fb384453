using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using PhotoPlatform.Testing;

namespace PhotoPlatform.SystemTests;

/// <summary>Somebody who signed up and in, through the gateway.</summary>
public sealed class Person : IDisposable
{
    private Person(HttpClient http, string email) => (Http, Email) = (http, email);

    public HttpClient Http { get; }

    public string Email { get; }

    public static async Task<Person> SignUpAsync(Platform platform)
    {
        var handle = $"u{Guid.NewGuid():N}"[..20];
        var person = new Person(new HttpClient { BaseAddress = platform.Address, Timeout = TimeSpan.FromSeconds(60) }, $"{handle}@example.org");
        (await person.Http.PostAsJsonAsync("/api/users", new { person.Email, handle, displayName = "A Person", password = "correct horse battery" })).EnsureSuccessStatusCode();
        await person.SignInAsync();
        return person;
    }

    public async Task SignInAsync()
    {
        var response = await Http.PostAsJsonAsync("/api/sessions", new { Email, password = "correct horse battery" });
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

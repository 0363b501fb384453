using System.Globalization;
using System.Net;
using System.Text;

namespace PhotoPlatform.Media.Tests;

/// <summary>Speaks tus.</summary>
internal static class ResumableUpload
{
    internal static string Metadata(params (string Key, string Value)[] pairs) => string.Join(',', pairs.Select(pair => $"{pair.Key} {Convert.ToBase64String(Encoding.UTF8.GetBytes(pair.Value))}"));

    internal static async Task<HttpResponseMessage> TusAsync(
        this Owner owner, HttpMethod method, string path, byte[]? part = null, long? offset = null, long? length = null, string? metadata = null, string version = "1.0.0", string? means = null)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Add("Tus-Resumable", version);
        if (offset is not null)
            request.Headers.Add("Upload-Offset", offset.Value.ToString(CultureInfo.InvariantCulture));
        if (length is not null)
            request.Headers.Add("Upload-Length", length.Value.ToString(CultureInfo.InvariantCulture));
        if (metadata is not null)
            request.Headers.Add("Upload-Metadata", metadata);
        if (means is not null)
            request.Headers.Add("X-HTTP-Method-Override", means);
        if (part is not null)
            request.Content = new ByteArrayContent(part) { Headers = { ContentType = new("application/offset+octet-stream") } };
        return await owner.Http.SendAsync(request);
    }

    /// <summary>Starts one and returns its address.</summary>
    internal static async Task<string> CreateAsync(this Owner owner, long length, string? metadata = null)
    {
        using var response = await owner.TusAsync(HttpMethod.Post, "/api/uploads", length: length, metadata: metadata);
        Assert.True(HttpStatusCode.Created == response.StatusCode, await response.Content.ReadAsStringAsync());
        return response.Headers.Location!.ToString();
    }

    internal static Task<HttpResponseMessage> PatchAsync(this Owner owner, string upload, long offset, byte[] part) => owner.TusAsync(HttpMethod.Patch, upload, part, offset);

    internal static Task<HttpResponseMessage> HeadAsync(this Owner owner, string upload) => owner.TusAsync(HttpMethod.Head, upload);

    internal static string? Header(this HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) || response.Content.Headers.TryGetValues(name, out values) ? Assert.Single(values) : null;

    internal static Guid IdOf(string upload) => Guid.Parse(upload.Split('/')[^1]);
}

using System.Globalization;
using System.Text;
using System.Text.Json;
using PhotoPlatform.Contracts;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Storage;

namespace PhotoPlatform.Media.Accounts;

/// <summary>
/// This service's part of an export, written page by page: <c>photos.json</c> with everything that is known of each photo, and the <see cref="ExportManifest"/>, which names it and the originals.
/// Equal photos give equal bytes under equal keys.
/// </summary>
internal sealed class ExportPart : IAsyncDisposable
{
    private const string PhotosFile = "photos.json";
    private const int MaxTitle = 40;
    private static readonly JsonWriterOptions Indented = new() { Indented = true };
    private readonly HashSet<uint> _endings = [];
    private readonly IBlobWriter _photosBlob;
    private readonly IBlobWriter _manifestBlob;
    private readonly Utf8JsonWriter _photos;
    private readonly Utf8JsonWriter _manifest;

    internal ExportPart(IBlobStore blobs, Guid exportId)
    {
        var photosKey = $"{FolderOf(exportId)}/{PhotosFile}";
        _photosBlob = blobs.Create(photosKey);
        _manifestBlob = blobs.Create(ManifestOf(exportId));
        _photos = new Utf8JsonWriter(_photosBlob.Stream, Indented);
        _manifest = new Utf8JsonWriter(_manifestBlob.Stream);
        _photos.WriteStartArray();
        _manifest.WriteStartObject();
        _manifest.WriteStartArray("files");
        WriteFile(PhotosFile, photosKey);
    }

    internal static string FolderOf(Guid exportId) => $"exports/{exportId:D}/media";

    internal static string ManifestOf(Guid exportId) => $"{FolderOf(exportId)}/manifest.json";

    internal async Task AddAsync(IReadOnlyList<Photo> photos, CancellationToken cancellationToken)
    {
        foreach (var photo in photos)
        {
            var path = PathOf(photo, _endings.Add(Ending(photo.Id)));
            WriteFile(path, photo.Source);
            Write(photo, path);
        }
        await _photos.FlushAsync(cancellationToken);
        await _manifest.FlushAsync(cancellationToken);
    }

    /// <summary>The manifest last: whoever sees it sees everything.</summary>
    internal async Task CommitAsync(CancellationToken cancellationToken)
    {
        _photos.WriteEndArray();
        _manifest.WriteEndArray();
        _manifest.WriteEndObject();
        await _photos.FlushAsync(cancellationToken);
        await _manifest.FlushAsync(cancellationToken);
        await _photosBlob.CommitAsync(cancellationToken);
        await _manifestBlob.CommitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        // The writers hold only what is not flushed, which is not wanted any more; they do not own their streams.
        await _photosBlob.DisposeAsync();
        await _manifestBlob.DisposeAsync();
    }

    /// <summary>A readable name that is safe in every file system: day, the title's letters and digits in whatever script, and the end of the id, which is random; all of it when another photo ends alike.</summary>
    internal static string PathOf(Photo photo, bool isEndingFree)
    {
        var title = new StringBuilder();
        foreach (var c in photo.Title.ToLowerInvariant())
        {
            if (title.Length >= MaxTitle)
                break;
            if (char.IsLetterOrDigit(c))
                title.Append(c);
            else if (CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.NonSpacingMark && title.Length > 0 && title[^1] != '-')
                title.Append('-');
        }
        var id = photo.Id.ToString("D");
        string[] parts = [photo.CreatedAt.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), title.ToString().Trim('-'), isEndingFree ? id[^8..] : id];
        return $"photos/{string.Join('-', parts.Where(part => part.Length > 0))}{Extension(photo.ContentType)}";
    }

    private static string Extension(string contentType) => contentType switch
    {
        "image/jpeg" => ".jpg",
        "image/png" => ".png",
        "image/webp" => ".webp",
        "image/gif" => ".gif",
        _ => "",
    };

    private static uint Ending(Guid id) => uint.Parse(id.ToString("D").AsSpan(28), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private void WriteFile(string path, string key)
    {
        _manifest.WriteStartObject();
        _manifest.WriteString("path", path);
        _manifest.WriteString("key", key);
        _manifest.WriteEndObject();
    }

    private void Write(Photo photo, string path)
    {
        _photos.WriteStartObject();
        _photos.WriteString("id", photo.Id);
        _photos.WriteString("file", path);
        _photos.WriteString("title", photo.Title);
        _photos.WriteString("description", photo.Description);
        _photos.WriteString("visibility", photo.Visibility.ToString().ToLowerInvariant());
        _photos.WriteBoolean("avatar", photo.Avatar);
        _photos.WriteString("state", photo.State.ToString().ToLowerInvariant());
        _photos.WriteString("reason", photo.Reason);
        _photos.WriteString("contentType", photo.ContentType);
        _photos.WriteNumber("bytes", photo.Bytes);
        _photos.WriteString("sha256", Convert.ToHexStringLower(photo.Sha256));
        _photos.WriteNumber("width", photo.Width);
        _photos.WriteNumber("height", photo.Height);
        _photos.WriteString("createdAt", photo.CreatedAt);
        _photos.WriteEndObject();
    }
}

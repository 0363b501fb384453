using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using PhotoPlatform.Media.Data;
using PhotoPlatform.ServiceDefaults;

namespace PhotoPlatform.Media.Delivery;

/// <summary>
/// The addresses of renditions. They never change their bytes: version and visibility epoch are part of them. Those of private photos are signed
/// (HMAC-SHA256 over path and expiry) and open the rendition to whoever has them. Their expiry is the end of the next UTC day: the address stays the same
/// for a day, so that caches know it again, and is good for 24 to 48 hours.
/// </summary>
internal sealed class RenditionUrl
{
    internal const string Pattern = "/media/{photoId:guid}/{version:int}/{epoch:int}/{name}.webp";

    private const string KeySetting = "Media:UrlKey";
    private const string PreviousKeySetting = "Media:PreviousUrlKey";
    private const int MinKeyBytes = 32;
    private readonly byte[][] _keys;
    private readonly TimeProvider _time;

    /// <param name="keys">The first one signs; all are accepted.</param>
    /// <param name="time">Tells the day.</param>
    internal RenditionUrl(byte[][] keys, TimeProvider time) => (_keys, _time) = (keys, time);

    /// <summary>The keys that the configuration names: <c>Media:UrlKey</c>, and while it is being replaced <c>Media:PreviousUrlKey</c>.</summary>
    /// <exception cref="InvalidOperationException">The first is missing, or one is too short.</exception>
    internal static byte[][] KeysOf(IConfiguration configuration)
    {
        byte[][] keys = [Encoding.UTF8.GetBytes(configuration.Require(KeySetting)), .. configuration[PreviousKeySetting] is { Length: > 0 } previous ? [Encoding.UTF8.GetBytes(previous)] : Array.Empty<byte[]>()];
        return Array.TrueForAll(keys, key => key.Length >= MinKeyBytes) ? keys
            : throw new InvalidOperationException($"'{KeySetting}' and '{PreviousKeySetting}' must be at least {MinKeyBytes} bytes long.");
    }

    internal static string PathOf(Guid photoId, int version, int epoch, string name) =>
        string.Create(CultureInfo.InvariantCulture, $"/media/{photoId:D}/{version}/{epoch}/{name}.webp");

    /// <summary>The address of a rendition as its owner gets it.</summary>
    /// <param name="photo">Its photo.</param>
    /// <param name="rendition">The rendition.</param>
    /// <param name="daysAgo">0, or which day's address to tell.</param>
    internal string Of(Photo photo, Rendition rendition, int daysAgo = 0)
    {
        var path = PathOf(photo.Id, rendition.Version, photo.Epoch, rendition.Name);
        if (photo.Visibility != Visibility.Private)
            return path;
        var expiry = new DateTimeOffset(_time.GetUtcNow().UtcDateTime.Date.AddDays(2 - daysAgo), TimeSpan.Zero).ToUnixTimeSeconds();
        return string.Create(CultureInfo.InvariantCulture, $"{path}?exp={expiry}&sig={Base64Url.EncodeToString(Sign(_keys[0], path, expiry))}");
    }

    /// <summary>How long a signed address is still good, or null when its signature is missing, forged or expired.</summary>
    internal TimeSpan? GoodFor(string path, IQueryCollection query)
    {
        if (query["exp"] is not [{ } exp] || query["sig"] is not [{ } sig] || !long.TryParse(exp, NumberStyles.None, CultureInfo.InvariantCulture, out var expiry)
            || !Base64Url.IsValid(sig, out var length) || length != HMACSHA256.HashSizeInBytes)
            return null;
        var signature = Base64Url.DecodeFromChars(sig);
        var left = expiry - _time.GetUtcNow().ToUnixTimeSeconds();
        return left > 0 && left <= TimeSpan.SecondsPerDay * 2 && Array.Exists(_keys, key => CryptographicOperations.FixedTimeEquals(Sign(key, path, expiry), signature)) ? TimeSpan.FromSeconds(left) : null;
    }

    private static byte[] Sign(byte[] key, string path, long expiry) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{path}?exp={expiry}")));
}

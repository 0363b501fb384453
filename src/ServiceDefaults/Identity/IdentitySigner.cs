using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Configuration;

namespace PhotoPlatform.ServiceDefaults.Identity;

/// <summary>Signs and checks the header <c>X-Internal-Identity: base64url(json).base64url(HMAC-SHA256)</c>.</summary>
public sealed class IdentitySigner
{
    /// <summary>The header's name.</summary>
    public const string Header = "X-Internal-Identity";

    /// <summary>The setting with the key shared by the gateway and the services.</summary>
    public const string KeySetting = "Identity:Key";

    private const int MinKeyBytes = 32;
    private const int MaxHeaderLength = 2048;
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(60);
    private readonly byte[] _key;
    private readonly TimeProvider _time;

    /// <param name="key">At least 32 bytes.</param>
    /// <param name="time">Tells when an identity has expired.</param>
    public IdentitySigner(byte[] key, TimeProvider time)
    {
        if (key.Length < MinKeyBytes)
            throw new InvalidOperationException($"'{KeySetting}' must be at least {MinKeyBytes} bytes long.");
        _key = key;
        _time = time;
    }

    /// <summary>Reads the key from <c>Identity:Key</c>.</summary>
    /// <exception cref="InvalidOperationException">The setting is missing or too short.</exception>
    public static IdentitySigner FromConfiguration(IConfiguration configuration, TimeProvider time) =>
        new(Encoding.UTF8.GetBytes(configuration.Require(KeySetting)), time);

    /// <summary>The header's value for one call to one service; it expires after 60 s.</summary>
    public string Sign(string audience, Guid? userId = null, Guid? sessionId = null, params IReadOnlyList<string> roles)
    {
        var identity = new CallerIdentity(userId, sessionId, roles, audience, (_time.GetUtcNow() + Lifetime).ToUnixTimeSeconds());
        var payload = JsonSerializer.SerializeToUtf8Bytes(identity, IdentityJson.Default.CallerIdentity);
        return $"{Base64Url.EncodeToString(payload)}.{Base64Url.EncodeToString(HMACSHA256.HashData(_key, payload))}";
    }

    /// <summary>The identity in a header's value, or null when it is missing, forged, expired or meant for another service.</summary>
    public CallerIdentity? Read(string? header, string audience)
    {
        if (header is null or { Length: > MaxHeaderLength })
            return null;
        var dot = header.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0 || !TryDecode(header.AsSpan(0, dot), out var payload) || !TryDecode(header.AsSpan(dot + 1), out var signature))
            return null;
        if (!CryptographicOperations.FixedTimeEquals(HMACSHA256.HashData(_key, payload), signature))
            return null;

        var identity = JsonSerializer.Deserialize(payload, IdentityJson.Default.CallerIdentity);
        return identity is not null && identity.Audience == audience && identity.ExpiresAt > _time.GetUtcNow().ToUnixTimeSeconds() ? identity : null;
    }

    private static bool TryDecode(ReadOnlySpan<char> text, out byte[] bytes)
    {
        bytes = new byte[Base64Url.GetMaxDecodedLength(text.Length)];
        if (!Base64Url.IsValid(text, out var length) || !Base64Url.TryDecodeFromChars(text, bytes, out _))
            return false;
        Array.Resize(ref bytes, length);
        return true;
    }
}

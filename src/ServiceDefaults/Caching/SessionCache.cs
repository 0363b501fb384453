using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using PhotoPlatform.Contracts;
using StackExchange.Redis;

namespace PhotoPlatform.ServiceDefaults.Caching;

/// <summary>
/// Sessions in Redis, by the hash of their token. Users writes (at sign-in, when it resolves one, and when it revokes one); the gateway reads.
/// A revoked session leaves a mark that a late write cannot overwrite.
/// </summary>
public sealed class SessionCache(RedisAccess redis, TimeProvider time)
{
    /// <summary>Characters of a stored token.</summary>
    public const int HashLength = 64;

    private const string RevokedMark = "revoked";

    // Also how long a session outlives its revocation when Redis could not be told of it.
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RevokedFor = TimeSpan.FromMinutes(5);

    /// <summary>The form in which a token is stored: SHA-256 in lower-case hex.</summary>
    public static string HashOf(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    /// <summary>Looks a token up. <c>Known</c> is false when the cache cannot tell; a null session with <c>Known</c> was revoked.</summary>
    public async ValueTask<(bool Known, ResolvedSession? Session)> ReadAsync(string tokenHash, CancellationToken cancellationToken)
    {
        var value = await redis.TryAsync(db => db.StringGetAsync(Key(tokenHash)), RedisValue.Null, cancellationToken);
        if (value.IsNull)
            return (false, null);
        if (value == RevokedMark)
            return (true, null);
        var session = JsonSerializer.Deserialize<ResolvedSession>((string)value!)!;
        return (true, session.ExpiresAt > time.GetUtcNow() ? session : null);
    }

    /// <summary>Notes a live session, unless it is noted already or was revoked.</summary>
    public async ValueTask WriteAsync(string tokenHash, ResolvedSession session, CancellationToken cancellationToken)
    {
        var left = session.ExpiresAt - time.GetUtcNow();
        await redis.TryAsync(db => db.StringSetAsync(Key(tokenHash), JsonSerializer.Serialize(session), left < MaxAge ? left : MaxAge, When.NotExists), false, cancellationToken);
    }

    /// <summary>Notes that a session has ended. False when Redis is away: it forgets the session within 30 s, or starts empty.</summary>
    public ValueTask<bool> RevokeAsync(string tokenHash, CancellationToken cancellationToken) =>
        redis.TryAsync(db => db.StringSetAsync(Key(tokenHash), RevokedMark, RevokedFor), false, cancellationToken);

    private static string Key(string tokenHash) => $"session:{tokenHash}";
}

namespace PhotoPlatform.Users.Data;

/// <summary>A signed-in session; its token is known to its client alone.</summary>
internal sealed class Session
{
    internal const int MaxDevice = 60;

    /// <summary>UUIDv7: sessions sort by when they began.</summary>
    public required Guid Id { get; init; }

    public required string TokenHash { get; init; }

    public required Guid UserId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>What the client said it is, in a few words. For its owner to read; nothing is decided by it.</summary>
    public string Device { get; init; } = "";

    /// <summary>To within some minutes.</summary>
    public DateTimeOffset LastSeenAt { get; init; }
}

/// <summary>A secret that was mailed, good for one use. Only its hash is kept.</summary>
internal sealed class MailedToken
{
    public required string Hash { get; init; }

    public required TokenPurpose Purpose { get; init; }

    public required Guid UserId { get; init; }

    /// <summary>Of a change of address, the new one.</summary>
    public string? Email { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }
}

internal enum TokenPurpose
{
    PasswordReset,
    ConfirmEmail,
}

/// <summary>Counts what must not happen too often. Its key names account or address by a hash.</summary>
internal sealed class Throttle
{
    public required string Key { get; init; }

    public int Count { get; init; }

    /// <summary>Of failures, the last one; of a quota, the begin of its window.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>Nothing is let through before.</summary>
    public DateTimeOffset Until { get; init; }
}

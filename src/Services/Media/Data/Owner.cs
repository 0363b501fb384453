namespace PhotoPlatform.Media.Data;

/// <summary>What Media knows of a user: a copy of the handle, and what their photos take.</summary>
internal sealed class Owner
{
    public required Guid UserId { get; init; }

    /// <summary>Lower case; null until <c>UserRegistered</c> has arrived.</summary>
    public string? Handle { get; set; }

    /// <summary>How many photos count against the quota.</summary>
    public int Photos { get; set; }

    /// <summary>The bytes of their originals.</summary>
    public long Bytes { get; set; }

    /// <summary>When the account was deleted: from then on nothing is taken in.</summary>
    public DateTimeOffset? ClosedAt { get; set; }
}

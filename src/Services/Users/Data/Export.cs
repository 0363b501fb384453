namespace PhotoPlatform.Users.Data;

/// <summary>One archive of all that the platform has of a user.</summary>
internal sealed class Export
{
    /// <summary>UUIDv7: exports sort by when they were asked for.</summary>
    public required Guid Id { get; init; }

    public required Guid UserId { get; init; }

    public required ExportState State { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Of a ready one, until when it can be fetched; of any other, until when it is listed.</summary>
    public required DateTimeOffset ExpiresAt { get; set; }

    /// <summary>Blob keys of the manifests of the other services' parts; null until they come.</summary>
    public string? MediaManifest { get; set; }

    public string? NotifierManifest { get; set; }

    /// <summary>The archive.</summary>
    public string? BlobKey { get; set; }

    public long? Bytes { get; set; }

    /// <summary>Who builds it, a new value for each try; a builder whose value is gone has lost it to another.</summary>
    public Guid? LeaseId { get; set; }

    /// <summary>Nobody else takes it up before.</summary>
    public required DateTimeOffset LeaseUntil { get; set; }

    public int Attempts { get; set; }

    /// <summary>The folder of all its blobs.</summary>
    internal static string FolderOf(Guid id) => $"exports/{id:D}";
}

internal enum ExportState
{
    Pending,
    Ready,
    Failed,
    Expired,
}

namespace PhotoPlatform.Media.Data;

/// <summary>Who may see a photo's renditions.</summary>
internal enum Visibility
{
    /// <summary>Its owner.</summary>
    Private,

    /// <summary>Whoever knows its address.</summary>
    Unlisted,

    /// <summary>Everybody.</summary>
    Public,
}

/// <summary>Where a photo stands. Deleted is terminal and has no row.</summary>
internal enum PhotoState
{
    /// <summary>Its renditions are being made.</summary>
    Pending,

    /// <summary>It can be shown.</summary>
    Ready,

    /// <summary>The input cannot become renditions.</summary>
    Rejected,

    /// <summary>The job was given up; a replay makes it ready.</summary>
    Failed,
}

internal sealed class Photo
{
    internal const int MaxTitle = 200;

    public required Guid Id { get; init; }

    public required Guid OwnerId { get; init; }

    public required string Title { get; set; }

    public required Visibility Visibility { get; set; }

    /// <summary>Uploaded as its owner's avatar, and therefore public.</summary>
    public bool Avatar { get; init; }

    public PhotoState State { get; set; } = PhotoState.Pending;

    /// <summary>Why it is rejected or failed: a stable code.</summary>
    public string? Reason { get; set; }

    public int Version { get; set; } = 1;

    /// <summary>Counts changes of visibility: part of every rendition's URL, so that an old URL stops working.</summary>
    public int Epoch { get; set; } = 1;

    public required string ContentType { get; init; }

    public required long Bytes { get; init; }

    /// <summary>SHA-256 of the upload.</summary>
    public required byte[] Sha256 { get; init; }

    /// <summary>Blob key of the upload.</summary>
    public required string Source { get; init; }

    /// <summary>In pixels; upright once the photo is ready.</summary>
    public required int Width { get; set; }

    /// <summary>In pixels; upright once the photo is ready.</summary>
    public required int Height { get; set; }

    /// <summary>BlurHash.</summary>
    public string? Placeholder { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public List<Rendition> Renditions { get; init; } = [];
}

internal sealed class Rendition
{
    public required Guid PhotoId { get; init; }

    public required int Version { get; init; }

    public required string Name { get; init; }

    public required string Key { get; init; }

    public required int Width { get; init; }

    public required int Height { get; init; }

    public required string ContentType { get; init; }

    public required long Bytes { get; init; }

    public required string Etag { get; init; }
}

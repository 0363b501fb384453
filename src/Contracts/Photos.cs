namespace PhotoPlatform.Contracts;

/// <summary>Make the renditions of an uploaded photo. From Media to one of <see cref="PhotoQueues"/>.</summary>
/// <param name="PhotoId">The photo.</param>
/// <param name="Version">The version that the renditions belong to; an upload is version 1.</param>
/// <param name="Source">Blob key of the original.</param>
/// <param name="RenditionSet">Name of the set to make.</param>
public sealed record ProcessPhoto(Guid PhotoId, int Version, string Source, string RenditionSet);

/// <summary>The renditions of a version are written. From PhotoProcessor to Media.</summary>
/// <param name="Width">Width of the upright original in pixels.</param>
/// <param name="Height">Height of the upright original in pixels.</param>
/// <param name="Placeholder">BlurHash, at most 40 ASCII characters.</param>
public sealed record PhotoProcessed(Guid PhotoId, int Version, int Width, int Height, string Placeholder, IReadOnlyList<RenditionFile> Renditions);

/// <summary>One written rendition.</summary>
/// <param name="Name">Its name in the set: thumb, small, medium or large.</param>
/// <param name="Key">Its blob key.</param>
/// <param name="Bytes">Its size in bytes.</param>
/// <param name="ETag">Strong entity tag without quotes: the SHA-256 of its bytes in lower-case hex.</param>
public sealed record RenditionFile(string Name, string Key, int Width, int Height, string ContentType, long Bytes, string ETag);

/// <summary>The input cannot become renditions, and never will. From PhotoProcessor to Media.</summary>
/// <param name="Reason">A stable code, such as <c>truncated</c>.</param>
public sealed record PhotoRejected(Guid PhotoId, int Version, string Reason);

/// <summary>A job was given up for a reason of ours and lies in the dead-letter queue. From the step that dead-letters it to Media.</summary>
/// <param name="Reason">A stable code, such as <c>retries-exhausted</c>.</param>
public sealed record PhotoProcessingFailed(Guid PhotoId, int Version, string Reason);

/// <summary>A photo came in and waits for its renditions. From Media to Notifier.</summary>
/// <param name="ContentType">Of the original.</param>
/// <param name="Bytes">Of the original.</param>
/// <param name="Width">In pixels, as stored.</param>
/// <param name="Height">In pixels, as stored.</param>
public sealed record PhotoUploaded(Guid PhotoId, Guid OwnerId, string ContentType, long Bytes, int Width, int Height, DateTimeOffset At);

/// <summary>A photo can be shown. From Media to Notifier and Users.</summary>
/// <param name="AvatarUrl">Of a photo that was uploaded as its owner's avatar, the address of its public thumb; else null.</param>
public sealed record PhotoReady(Guid PhotoId, Guid OwnerId, int Version, string? AvatarUrl, DateTimeOffset At);

/// <summary>A photo will not become ready: rejected (the input's fault) or failed (ours; a replay makes it ready). From Media to Notifier.</summary>
/// <param name="State"><c>rejected</c> or <c>failed</c>.</param>
/// <param name="Reason">A stable code.</param>
public sealed record PhotoUnusable(Guid PhotoId, Guid OwnerId, int Version, string State, string Reason, DateTimeOffset At);

/// <summary>A photo was deleted by its owner. From Media to Notifier and Users, and to Media itself, which then removes its blobs.</summary>
/// <param name="Source">Blob key of the original.</param>
public sealed record PhotoDeleted(Guid PhotoId, Guid OwnerId, string Source, DateTimeOffset At);

/// <summary>The queues that PhotoProcessor takes its jobs from.</summary>
public static class PhotoQueues
{
    /// <summary>For owners with few unfinished photos.</summary>
    public const string Interactive = "photos-interactive";

    /// <summary>For the photos of an owner who already has many unfinished ones.</summary>
    public const string Bulk = "photos-bulk";
}

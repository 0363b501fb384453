namespace PhotoPlatform.Contracts;

/// <summary>A user wants all their data: write your part of it. From Users to Media and Notifier, each of which answers with <see cref="ExportPartWritten"/>.</summary>
/// <param name="ExportId">The export. Its blobs lie below <c>exports/{ExportId}/</c>.</param>
/// <param name="UserId">Whose data.</param>
/// <param name="At">When it was asked for.</param>
public sealed record ExportRequested(Guid ExportId, Guid UserId, DateTimeOffset At);

/// <summary>A service wrote its part of an export. From Media and Notifier to Users.</summary>
/// <param name="Service">Who wrote it: media or notifier.</param>
/// <param name="Manifest">Blob key of an <see cref="ExportManifest"/> as JSON.</param>
public sealed record ExportPartWritten(Guid ExportId, Guid UserId, string Service, string Manifest);

/// <summary>The files that a service adds to an export.</summary>
public sealed record ExportManifest(IReadOnlyList<ExportFile> Files);

/// <summary>One of them.</summary>
/// <param name="Path">Its path inside the archive, such as <c>photos/2026-11-21-beach-0193.jpg</c>.</param>
/// <param name="Key">The blob with its bytes; one that is gone by then is left out.</param>
public sealed record ExportFile(string Path, string Key);

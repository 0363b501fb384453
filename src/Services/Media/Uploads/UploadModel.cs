using Microsoft.EntityFrameworkCore;

namespace PhotoPlatform.Media.Uploads;

/// <summary>A resumable upload. Its id becomes the id of its photo.</summary>
internal sealed class Upload
{
    internal const int MaxMetadata = 4096;

    public required Guid Id { get; init; }

    public required Guid OwnerId { get; init; }

    /// <summary>Bytes of the whole image.</summary>
    public required long Length { get; init; }

    /// <summary>Bytes that are durable: the offset of the next part.</summary>
    public long Received { get; set; }

    public int Parts { get; set; }

    /// <summary>The client's <c>Upload-Metadata</c>, as it came.</summary>
    public required string Metadata { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the last part was acknowledged.</summary>
    public required DateTimeOffset ReceivedAt { get; set; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When it became a photo.</summary>
    public DateTimeOffset? CompletedAt { get; set; }

    /// <summary>The folder of its parts.</summary>
    internal static string FolderOf(Guid id) => $"uploads/{id:D}";
}

/// <summary>Bytes of a resumable upload, in a blob of their own.</summary>
internal sealed class UploadPart
{
    public required Guid UploadId { get; init; }

    /// <summary>Of its first byte in the image.</summary>
    public required long Start { get; init; }

    public required long Bytes { get; init; }

    /// <summary>Its blob. Each try to send a part has a key of its own, so that two at one offset cannot overwrite each other.</summary>
    public required string Key { get; init; }
}

/// <summary>The tables of uploads.</summary>
internal static class UploadModel
{
    internal static void UseUploads(this ModelBuilder model)
    {
        model.Entity<Upload>(upload =>
        {
            upload.ToTable("uploads");
            upload.Property(u => u.Id).ValueGeneratedNever();
            upload.Property(u => u.Metadata).HasMaxLength(Upload.MaxMetadata);
            // How many unfinished ones an owner has.
            upload.HasIndex(u => new { u.OwnerId, u.CompletedAt, u.ExpiresAt });
            // The sweep: what has expired, and what was received whole and not completed.
            upload.HasIndex(u => u.ExpiresAt);
            upload.HasIndex(u => u.ReceivedAt, "IX_uploads_received_whole").HasFilter("received = length AND completed_at IS NULL");
        });
        model.Entity<UploadPart>(part =>
        {
            part.ToTable("upload_parts");
            part.HasKey(p => new { p.UploadId, p.Start });
            part.Property(p => p.Key).HasMaxLength(200);
            part.HasOne<Upload>().WithMany().HasForeignKey(p => p.UploadId).OnDelete(DeleteBehavior.Cascade);
        });
        model.Entity<IdempotencyKey>(key =>
        {
            key.ToTable("idempotency_keys");
            key.HasKey(k => new { k.OwnerId, k.Key });
            key.Property(k => k.Key).HasMaxLength(IdempotencyKey.MaxLength);
            // The sweep.
            key.HasIndex(k => k.CreatedAt);
        });
    }
}

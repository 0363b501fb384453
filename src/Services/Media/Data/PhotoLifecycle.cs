using Microsoft.EntityFrameworkCore;

namespace PhotoPlatform.Media.Data;

/// <summary>Photos on their way out: they are hidden until somebody undoes it, or until the time for that is over.</summary>
internal sealed class Deletion
{
    public required Guid Id { get; init; }

    public required Guid OwnerId { get; init; }

    public required DateTimeOffset UndoUntil { get; init; }
}

/// <summary>An export whose part of this service is still to be written.</summary>
internal sealed class ExportJob
{
    public required Guid ExportId { get; init; }

    public required Guid UserId { get; init; }

    /// <summary>When the next process may take it: until then somebody works on it, or it waits after a failure.</summary>
    public required DateTimeOffset FreeAt { get; set; }

    /// <summary>Whoever took it last. Only they may finish it.</summary>
    public Guid? TakenBy { get; set; }

    public int Attempts { get; set; }
}

/// <summary>The model of what happens to photos and owners after the upload.</summary>
internal static class PhotoLifecycle
{
    internal static void Configure(ModelBuilder model)
    {
        model.Entity<Photo>(photo =>
        {
            photo.Property(p => p.Description).HasMaxLength(Photo.MaxDescription);
            // What others see of an owner, newest first.
            photo.HasIndex(p => new { p.OwnerId, p.Id }, "IX_photos_gallery").IsDescending(false, true)
                .HasFilter("visibility = 'Public' AND state = 'Ready' AND NOT avatar AND deletion_id IS NULL");
            photo.HasIndex(p => new { p.OwnerId, p.Id }, "IX_photos_avatars").HasFilter("avatar");
            photo.HasIndex(p => p.DeletionId).HasFilter("deletion_id IS NOT NULL");
        });
        model.Entity<Deletion>(deletion =>
        {
            deletion.ToTable("deletions");
            deletion.Property(d => d.Id).ValueGeneratedNever();
            deletion.HasIndex(d => d.OwnerId);
        });
        model.Entity<ExportJob>(job =>
        {
            job.ToTable("export_jobs");
            job.HasKey(j => j.ExportId);
            job.Property(j => j.ExportId).ValueGeneratedNever();
            job.HasIndex(j => j.FreeAt);
            job.HasIndex(j => j.UserId);
        });
        // Closed accounts whose hour is over.
        model.Entity<Owner>().HasIndex(o => o.ClosedAt).HasFilter("closed_at IS NOT NULL");
    }
}

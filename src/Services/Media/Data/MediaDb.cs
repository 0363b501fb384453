using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Media.Uploads;
using PhotoPlatform.Messaging;

namespace PhotoPlatform.Media.Data;

/// <summary>Database <c>media</c>.</summary>
internal sealed class MediaDb(DbContextOptions<MediaDb> options) : DbContext(options)
{
    public DbSet<Photo> Photos => Set<Photo>();

    public DbSet<Owner> Owners => Set<Owner>();

    /// <summary>A photo, or null, locked until the transaction ends: two results of one photo must not overwrite each other.</summary>
    internal Task<Photo?> LockPhotoAsync(Guid id, CancellationToken cancellationToken) =>
        Photos.FromSql($"SELECT * FROM photos WHERE id = {id} FOR UPDATE").SingleOrDefaultAsync(cancellationToken);

    /// <summary>One of an owner's photos, or null, locked until the transaction ends. One that is being deleted is not there.</summary>
    internal Task<Photo?> LockOwnPhotoAsync(Guid id, Guid ownerId, CancellationToken cancellationToken) =>
        Photos.FromSql($"SELECT * FROM photos WHERE id = {id} AND owner_id = {ownerId} AND deletion_id IS NULL FOR UPDATE").SingleOrDefaultAsync(cancellationToken);

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Photo>(photo =>
        {
            photo.Property(p => p.Id).ValueGeneratedNever();
            photo.Property(p => p.Title).HasMaxLength(Photo.MaxTitle);
            photo.Property(p => p.Visibility).HasConversion<string>().HasMaxLength(16);
            photo.Property(p => p.State).HasConversion<string>().HasMaxLength(16);
            photo.Property(p => p.Reason).HasMaxLength(100);
            photo.Property(p => p.ContentType).HasMaxLength(32);
            photo.Property(p => p.Source).HasMaxLength(200);
            photo.Property(p => p.Placeholder).HasMaxLength(40);
            // An owner's photos, newest first: ids sort by time.
            photo.HasIndex(p => new { p.OwnerId, p.Id }).IsDescending(false, true);
            // Chooses the lane of an upload.
            photo.HasIndex(p => p.OwnerId, "IX_photos_unfinished").HasFilter("state = 'Pending'");
            photo.HasMany(p => p.Renditions).WithOne().HasForeignKey(r => r.PhotoId).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<Rendition>(rendition =>
        {
            rendition.ToTable("renditions");
            rendition.HasKey(r => new { r.PhotoId, r.Version, r.Name });
            rendition.Property(r => r.Name).HasMaxLength(16);
            rendition.Property(r => r.Key).HasMaxLength(200);
            rendition.Property(r => r.ContentType).HasMaxLength(32);
            rendition.Property(r => r.Etag).HasMaxLength(64);
        });
        modelBuilder.Entity<Owner>(owner =>
        {
            owner.HasKey(o => o.UserId);
            owner.Property(o => o.UserId).ValueGeneratedNever();
            owner.Property(o => o.Handle).HasMaxLength(30);
            owner.HasIndex(o => o.Handle).IsUnique();
        });
        PhotoLifecycle.Configure(modelBuilder);
        modelBuilder.UseUploads();
        modelBuilder.UseMessaging();
        modelBuilder.UseSnakeCaseNames();
    }
}

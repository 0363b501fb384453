using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Messaging;

namespace PhotoPlatform.Users.Data;

/// <summary>
/// Database <c>users</c>. Logins and handles stand apart from users: they stay whole when users are sharded; so there are no foreign keys between the tables either.
/// Whoever changes several users' rows locks them in the order of their ids, and before any row of another table that belongs to them.
/// </summary>
internal sealed class UsersDb(DbContextOptions<UsersDb> options) : DbContext(options)
{
    public DbSet<User> Users => Set<User>();

    public DbSet<Login> Logins => Set<Login>();

    public DbSet<Handle> Handles => Set<Handle>();

    public DbSet<Session> Sessions => Set<Session>();

    public DbSet<Follow> Follows => Set<Follow>();

    public DbSet<MailedToken> MailedTokens => Set<MailedToken>();

    public DbSet<Throttle> Throttles => Set<Throttle>();

    public DbSet<Export> Exports => Set<Export>();

    public DbSet<ClosedAccount> ClosedAccounts => Set<ClosedAccount>();

    public DbSet<DeletedPhoto> DeletedPhotos => Set<DeletedPhoto>();

    /// <summary>A user, or null, locked until the transaction ends.</summary>
    internal Task<User?> LockUserAsync(Guid id, CancellationToken cancellationToken) =>
        Users.FromSql($"SELECT * FROM users WHERE id = {id} FOR NO KEY UPDATE").SingleOrDefaultAsync(cancellationToken);

    /// <summary>The address that a user signs in with.</summary>
    internal Task<string?> EmailOfAsync(Guid userId, CancellationToken cancellationToken) =>
        Logins.Where(login => login.UserId == userId).Select(login => login.Email).SingleOrDefaultAsync(cancellationToken);

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<User>(user =>
        {
            user.Property(u => u.Id).ValueGeneratedNever();
            user.Property(u => u.Handle).HasMaxLength(Handle.MaxName);
            user.Property(u => u.DisplayName).HasMaxLength(User.MaxDisplayName);
            user.Property(u => u.PasswordHash).HasMaxLength(256);
            user.Property(u => u.Profile).HasColumnType("jsonb").HasDefaultValueSql("'{}'");
            user.Property(u => u.AvatarUrl).HasMaxLength(User.MaxAvatarUrl);
        });
        modelBuilder.Entity<Login>(login =>
        {
            login.HasKey(l => l.Email);
            login.Property(l => l.Email).HasMaxLength(Login.MaxEmail);
            login.HasIndex(l => l.UserId);
        });
        modelBuilder.Entity<Handle>(handle =>
        {
            handle.HasKey(h => h.Name);
            handle.Property(h => h.Name).HasMaxLength(Handle.MaxName);
            handle.HasIndex(h => h.UserId);
        });
        modelBuilder.Entity<Session>(session =>
        {
            session.Property(s => s.Id).ValueGeneratedNever();
            session.Property(s => s.TokenHash).HasMaxLength(64);
            session.Property(s => s.Device).HasMaxLength(Session.MaxDevice).HasDefaultValue("");
            session.Property(s => s.LastSeenAt).HasDefaultValueSql("now()");
            session.HasIndex(s => s.TokenHash).IsUnique();
            // A user's sessions, newest first: ids sort by time.
            session.HasIndex(s => new { s.UserId, s.Id });
            session.HasIndex(s => s.ExpiresAt);
        });
        modelBuilder.Entity<Follow>(follow =>
        {
            follow.HasKey(f => new { f.FollowerId, f.FolloweeId });
            // Both lists, newest first, out of the index alone.
            follow.HasIndex(f => new { f.FolloweeId, f.At, f.FollowerId });
            follow.HasIndex(f => new { f.FollowerId, f.At, f.FolloweeId });
        });
        modelBuilder.Entity<MailedToken>(token =>
        {
            token.HasKey(t => t.Hash);
            token.Property(t => t.Hash).HasMaxLength(64);
            token.Property(t => t.Purpose).HasConversion<string>().HasMaxLength(16);
            token.Property(t => t.Email).HasMaxLength(Login.MaxEmail);
            token.HasIndex(t => new { t.UserId, t.Purpose });
            token.HasIndex(t => t.ExpiresAt);
        });
        modelBuilder.Entity<Throttle>(throttle =>
        {
            throttle.HasKey(t => t.Key);
            throttle.Property(t => t.Key).HasMaxLength(80);
            throttle.HasIndex(t => t.Since);
        });
        modelBuilder.Entity<Export>(export =>
        {
            export.Property(e => e.Id).ValueGeneratedNever();
            export.Property(e => e.State).HasConversion<string>().HasMaxLength(16);
            export.Property(e => e.MediaManifest).HasMaxLength(200);
            export.Property(e => e.NotifierManifest).HasMaxLength(200);
            export.Property(e => e.BlobKey).HasMaxLength(200);
            export.HasIndex(e => new { e.UserId, e.Id });
            export.HasIndex(e => e.UserId, "IX_exports_one_pending").IsUnique().HasFilter("state = 'Pending'");
            export.HasIndex(e => e.LeaseUntil, "IX_exports_waiting").HasFilter("state = 'Pending'");
            export.HasIndex(e => e.ExpiresAt);
        });
        modelBuilder.Entity<ClosedAccount>(closed =>
        {
            closed.HasKey(c => c.UserId);
            closed.Property(c => c.UserId).ValueGeneratedNever();
            closed.HasIndex(c => c.ClosedAt);
        });
        modelBuilder.Entity<DeletedPhoto>(photo =>
        {
            photo.HasKey(p => p.PhotoId);
            photo.Property(p => p.PhotoId).ValueGeneratedNever();
            photo.HasIndex(p => p.At);
        });
        modelBuilder.UseMessaging();
        modelBuilder.UseSnakeCaseNames();
    }
}

using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Messaging;

namespace PhotoPlatform.Notifier.Data;

/// <summary>Database <c>notifier</c>.</summary>
internal sealed class NotifierDb(DbContextOptions<NotifierDb> options) : DbContext(options)
{
    public DbSet<UserEvent> Events => Set<UserEvent>();

    public DbSet<EventCounter> EventCounters => Set<EventCounter>();

    public DbSet<RevokedSession> RevokedSessions => Set<RevokedSession>();

    public DbSet<Notification> Notifications => Set<Notification>();

    public DbSet<Recipient> Recipients => Set<Recipient>();

    public DbSet<MailPreferences> MailPreferences => Set<MailPreferences>();

    public DbSet<Mail> Mails => Set<Mail>();

    public DbSet<DeletedUser> DeletedUsers => Set<DeletedUser>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<UserEvent>(row =>
        {
            row.ToTable("events");
            row.HasKey(e => new { e.UserId, e.Seq });
            row.Property(e => e.Type).HasMaxLength(32);
            row.Property(e => e.Payload).HasColumnType("jsonb");
            row.HasIndex(e => e.At);
        });
        modelBuilder.Entity<EventCounter>(row =>
        {
            row.ToTable("event_counters");
            row.HasKey(c => c.UserId);
            row.Property(c => c.UserId).ValueGeneratedNever();
        });
        modelBuilder.Entity<RevokedSession>(row =>
        {
            row.HasKey(s => new { s.UserId, s.SessionId });
            row.HasIndex(s => s.At);
        });
        modelBuilder.Entity<Notification>(row =>
        {
            row.HasKey(n => new { n.UserId, n.Id });
            row.Property(n => n.Type).HasMaxLength(32);
            row.Property(n => n.Payload).HasColumnType("jsonb");
            row.HasIndex(n => new { n.UserId, n.Id }, "ix_notifications_unread").HasFilter("read_at IS NULL");
            row.HasIndex(n => n.At);
            // Finds today's notification of a follower, and all that tell of a user who is deleted.
            row.HasIndex(n => new { n.ActorId, n.UserId, n.At }).HasFilter("actor_id IS NOT NULL");
        });
        modelBuilder.Entity<Recipient>(row =>
        {
            row.HasKey(r => r.UserId);
            row.Property(r => r.UserId).ValueGeneratedNever();
        });
        modelBuilder.Entity<MailPreferences>(row =>
        {
            row.HasKey(p => p.UserId);
            row.Property(p => p.UserId).ValueGeneratedNever();
        });
        modelBuilder.Entity<Mail>(row =>
        {
            row.Property(m => m.Id).ValueGeneratedNever();
            row.Property(m => m.Template).HasMaxLength(32);
            row.HasIndex(m => m.NextAttemptAt).HasFilter("done_at IS NULL");
            row.HasIndex(m => m.DoneAt).HasFilter("done_at IS NOT NULL");
            row.HasIndex(m => m.UserId).HasFilter("user_id IS NOT NULL");
            row.HasIndex(m => m.ActorId).HasFilter("actor_id IS NOT NULL");
        });
        modelBuilder.Entity<DeletedUser>(row =>
        {
            row.HasKey(u => u.UserId);
            row.Property(u => u.UserId).ValueGeneratedNever();
            row.HasIndex(u => u.NextCleanupAt);
        });
        modelBuilder.UseMessaging();
        modelBuilder.UseSnakeCaseNames();
    }
}

/// <summary>One event of a user's stream.</summary>
internal sealed class UserEvent
{
    public required Guid UserId { get; init; }

    /// <summary>Counts the user's events from 1, without gaps.</summary>
    public required long Seq { get; init; }

    public required string Type { get; init; }

    /// <summary>JSON.</summary>
    public required string Payload { get; init; }

    public required DateTimeOffset At { get; init; }
}

/// <summary>The last number given to an event of a user.</summary>
internal sealed class EventCounter
{
    public required Guid UserId { get; init; }

    public long LastSeq { get; set; }
}

/// <summary>A session that ended before its time; kept for as long as somebody may still take it for live.</summary>
internal sealed class RevokedSession
{
    public required Guid UserId { get; init; }

    public required Guid SessionId { get; init; }

    /// <summary>When Notifier learned of it.</summary>
    public required DateTimeOffset At { get; init; }
}

/// <summary>What a user is told, and whether they have read it.</summary>
internal sealed class Notification
{
    public required Guid UserId { get; init; }

    /// <summary>The number of the event that announced it, so ids grow by commit.</summary>
    public required long Id { get; init; }

    public required string Type { get; init; }

    /// <summary>JSON.</summary>
    public required string Payload { get; init; }

    /// <summary>Another user whom it is about.</summary>
    public required Guid? ActorId { get; init; }

    public required DateTimeOffset At { get; init; }

    public DateTimeOffset? ReadAt { get; set; }
}

/// <summary>How to write to a user.</summary>
internal sealed class Recipient
{
    public required Guid UserId { get; init; }

    /// <summary>Of the account's state that the row shows: messages come in any order.</summary>
    public required long Version { get; init; }

    public required string Handle { get; init; }

    public required string DisplayName { get; init; }

    public required string Email { get; init; }

    /// <summary>The day (UTC) of the last mail about followers.</summary>
    public DateOnly? FollowedMailOn { get; init; }

    /// <summary>The day (UTC) of the last mail about photo problems.</summary>
    public DateOnly? PhotoProblemsMailOn { get; init; }
}

/// <summary>Which mails a user wants, of those that are not about the account itself. Without a row: all.</summary>
internal sealed class MailPreferences
{
    public required Guid UserId { get; init; }

    public required bool Followed { get; set; }

    public required bool PhotoProblems { get; set; }
}

/// <summary>A mail to send; once it is sent nothing of its content is left.</summary>
internal sealed class Mail
{
    /// <summary>The id of the message that asked for it; its Message-ID comes from it.</summary>
    public required Guid Id { get; init; }

    /// <summary>Whose account it is about; null when the account is gone by now.</summary>
    public required Guid? UserId { get; init; }

    /// <summary>Another user whom it names.</summary>
    public required Guid? ActorId { get; init; }

    public required string Template { get; init; }

    public required string? To { get; set; }

    public required string? Subject { get; set; }

    public required string? Text { get; set; }

    public required string? Html { get; set; }

    /// <summary>Where one click ends mails of this kind; null for those about the account itself.</summary>
    public required string? Unsubscribe { get; set; }

    public required string? TraceParent { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public int Attempts { get; set; }

    /// <summary>When it may be tried; while a sender holds it, when its hold ends.</summary>
    public required DateTimeOffset NextAttemptAt { get; set; }

    /// <summary>When it was sent or given up.</summary>
    public DateTimeOffset? DoneAt { get; set; }

    /// <summary>Given up: the server refused it for good, or it could not be sent for a day.</summary>
    public bool Failed { get; set; }

    /// <summary>The step and the server's codes, never its words, for they may repeat the address.</summary>
    public string? LastError { get; set; }

    /// <summary>Forgets what the mail said, and to whom.</summary>
    internal void Clear() => To = Subject = Text = Html = Unsubscribe = null;
}

/// <summary>An account that was deleted a short while ago: messages that come late must not bring anything of it back.</summary>
internal sealed class DeletedUser
{
    public required Guid UserId { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>When its data is removed next; a replica that does so moves it ahead.</summary>
    public required DateTimeOffset NextCleanupAt { get; init; }
}

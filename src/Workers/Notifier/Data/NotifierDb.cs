using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Messaging;
using PhotoPlatform.Messaging.Outbox;

namespace PhotoPlatform.Notifier.Data;

/// <summary>Database <c>notifier</c>.</summary>
internal sealed class NotifierDb(DbContextOptions<NotifierDb> options) : DbContext(options)
{
    public DbSet<UserEvent> Events => Set<UserEvent>();

    public DbSet<EventCounter> EventCounters => Set<EventCounter>();

    public DbSet<Mail> Mails => Set<Mail>();

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
        modelBuilder.Entity<Mail>(row =>
        {
            row.Property(m => m.Id).ValueGeneratedNever();
            row.Property(m => m.To).HasMaxLength(254);
            row.Property(m => m.Subject).HasMaxLength(200);
            row.HasIndex(m => m.NextAttemptAt).HasFilter("sent_at IS NULL AND failed_at IS NULL");
        });
        modelBuilder.UseOutbox();
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

/// <summary>A mail to send, or sent.</summary>
internal sealed class Mail
{
    /// <summary>The id of the message that asked for it; its Message-ID comes from it.</summary>
    public required Guid Id { get; init; }

    public required string To { get; init; }

    public required string Subject { get; init; }

    public required string Text { get; init; }

    public required string? TraceParent { get; init; }

    public int Attempts { get; set; }

    /// <summary>When it may be tried; while a sender holds it, when its hold ends.</summary>
    public required DateTimeOffset NextAttemptAt { get; set; }

    public DateTimeOffset? SentAt { get; set; }

    /// <summary>Given up: the server refused it for good, or too many tries failed.</summary>
    public DateTimeOffset? FailedAt { get; set; }

    public string? LastError { get; set; }
}

using Microsoft.EntityFrameworkCore;

namespace PhotoPlatform.Messaging.Outbox;

/// <summary>A row of the table <c>outbox</c>: a message that its transaction wants sent.</summary>
internal sealed class OutboxMessage
{
    public required Guid Id { get; init; }

    public required string Exchange { get; init; }

    public required string RoutingKey { get; init; }

    public required byte[] Body { get; init; }

    public required string? TraceParent { get; init; }

    /// <summary>When to send it, if not at once.</summary>
    public required DateTimeOffset? DeliverAt { get; init; }
}

/// <summary>Puts the outbox into a DbContext's model.</summary>
public static class OutboxModel
{
    /// <summary>To be called from <c>OnModelCreating</c>. The table itself belongs to the messaging schema, not to the context's migrations.</summary>
    public static void UseOutbox(this ModelBuilder model) => model.Entity<OutboxMessage>(row =>
    {
        row.ToTable("outbox", table => table.ExcludeFromMigrations());
        row.HasKey(message => message.Id);
        row.Property(message => message.Id).HasColumnName("id").ValueGeneratedNever();
        row.Property(message => message.Exchange).HasColumnName("exchange");
        row.Property(message => message.RoutingKey).HasColumnName("routing_key");
        row.Property(message => message.Body).HasColumnName("body");
        row.Property(message => message.TraceParent).HasColumnName("trace_parent");
        row.Property(message => message.DeliverAt).HasColumnName("deliver_at");
    });
}

using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Messaging.Inbox;
using PhotoPlatform.Messaging.Outbox;

namespace PhotoPlatform.Messaging;

/// <summary>Puts outbox and inbox into a DbContext's model.</summary>
public static class MessagingModel
{
    /// <summary>To be called from <c>OnModelCreating</c>. The tables themselves belong to the messaging schema, not to the context's migrations.</summary>
    public static void UseMessaging(this ModelBuilder model)
    {
        model.Entity<OutboxMessage>(row =>
        {
            row.ToTable("outbox", table => table.ExcludeFromMigrations());
            row.HasKey(message => message.Id);
            row.Property(message => message.Id).HasColumnName("id").ValueGeneratedNever();
            row.Property(message => message.Exchange).HasColumnName("exchange");
            row.Property(message => message.RoutingKey).HasColumnName("routing_key");
            row.Property(message => message.Body).HasColumnName("body");
            row.Property(message => message.TraceParent).HasColumnName("trace_parent");
            row.Property(message => message.OrderKey).HasColumnName("order_key");
            row.Property(message => message.DeliverAt).HasColumnName("deliver_at");
        });
        model.Entity<InboxEntry>(row =>
        {
            row.ToTable("inbox", table => table.ExcludeFromMigrations());
            row.HasKey(entry => new { entry.Day, entry.Consumer, entry.MessageId });
            row.Property(entry => entry.Day).HasColumnName("day");
            row.Property(entry => entry.Consumer).HasColumnName("consumer");
            row.Property(entry => entry.MessageId).HasColumnName("message_id").ValueGeneratedNever();
        });
    }
}

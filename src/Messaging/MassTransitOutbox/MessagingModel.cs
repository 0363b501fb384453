using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace PhotoPlatform.Messaging;

/// <summary>Puts MassTransit's outbox and inbox into a DbContext's model.</summary>
public static class MessagingModel
{
    /// <summary>To be called from <c>OnModelCreating</c>. The tables themselves are made by the step <c>migrate</c>, not by the context's migrations.</summary>
    public static void UseMessaging(this ModelBuilder model) => model.AddTransactionalOutboxEntities(entity => entity.ToTable(table => table.ExcludeFromMigrations()));
}

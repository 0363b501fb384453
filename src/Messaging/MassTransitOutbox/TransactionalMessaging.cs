using System.Data;
using MassTransit;
using MassTransit.DependencyInjection;
using MassTransit.Middleware;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using PhotoPlatform.Messaging.Broker;
using PhotoPlatform.Messaging.Consuming;
using PhotoPlatform.Messaging.MassTransitOutbox;

namespace PhotoPlatform.Messaging.Outbox;

/// <summary>Puts MassTransit's outbox and inbox (the package MassTransit.EntityFrameworkCore) behind <c>AddMessaging</c>.</summary>
internal static class TransactionalMessaging
{
    private static readonly TimeSpan DeliveryLimit = TimeSpan.FromSeconds(10);
    private const int DeliveryBatch = 100;

    /// <summary>The DbContext.</summary>
    internal static void Add<TDbContext>(WebApplicationBuilder builder, string service, NpgsqlDataSource _) where TDbContext : DbContext
    {
        if (builder.Services.Any(other => other.ServiceType == typeof(BrokerConnection)))
            throw new NotSupportedException($"MassTransit's outbox has one DbContext in a process: host {service} alone, or build without UseMassTransitOutbox.");
        // From the container, which ends what it has given.
        builder.Services.AddDbContext<TDbContext>((provider, options) => options.UseNpgsql(provider.GetRequiredKeyedService<NpgsqlDataSource>(service)).ReplaceService<IDbContextTransactionManager, NestedTransactions>());
    }

    /// <summary>The outbox of the bus, and what delivers it.</summary>
    internal static Action<IBusRegistrationConfigurator>? OfTheBus<TDbContext>(IConfiguration configuration) where TDbContext : DbContext => bus => bus.AddEntityFrameworkOutbox<TDbContext>(outbox =>
    {
        outbox.UsePostgres();
        // The consumers lock what they change. Under MassTransit's default, repeatable read, whoever waited for a lock would fail.
        outbox.IsolationLevel = IsolationLevel.ReadCommitted;
        outbox.DuplicateDetectionWindow = TimeSpan.FromDays(MessagingSchema.InboxDays);
        outbox.QueryDelay = TimeSpan.FromSeconds(1);
        outbox.UseBusOutbox(relay =>
        {
            relay.MessageDeliveryLimit = DeliveryBatch;
            relay.MessageDeliveryTimeout = DeliveryLimit;
            if (!configuration.GetValue("Messaging:Relay", true))
                relay.DisableDeliveryService();
        });
    });

    /// <summary>Creates MassTransit's tables where there are none. The caller holds the migration lock.</summary>
    internal static async Task CreateTablesAsync(NpgsqlConnection connection, TimeProvider _, CancellationToken cancellationToken)
    {
        await using var tables = new Tables(new DbContextOptionsBuilder<Tables>().UseNpgsql(connection).Options);
        if (!await tables.Database.SqlQuery<bool>($"""SELECT to_regclass('"InboxState"') IS NOT NULL AS "Value" """).SingleAsync(cancellationToken))
            await tables.GetService<IRelationalDatabaseCreator>().CreateTablesAsync(cancellationToken);
    }

    /// <summary>
    /// Runs a consumer inside a transaction with MassTransit's inbox row, which later deliveries of the message find locked or done; what it published is sent after the commit.
    /// It is the filter that UseEntityFrameworkOutbox adds to an endpoint, around the scope and the consumer of this library.
    /// </summary>
    internal static async Task Once<TDbContext>(IServiceProvider scope, string queue, Guid messageId, ConsumeContext<object> context, Func<Task> consume) where TDbContext : DbContext
    {
        var options = new OutboxConsumeOptions
        {
            ConsumerId = MessageId.FollowUp(Guid.Empty, queue, 0),
            ConsumerType = queue,
            MessageDeliveryLimit = DeliveryBatch,
            MessageDeliveryTimeout = DeliveryLimit,
        };
        var place = new ExistingConsumeScopeContext<object>(context, new Scope(scope), null, scope.GetRequiredService<Bind<IBus, ISetScopedConsumeContext>>().Value);
        var pipe = new OutboxMessagePipe<object>(options, place, Pipe.ExecuteAsync<ConsumeContext<object>>(_ => consume()));
        await scope.GetRequiredService<IOutboxContextFactory<TDbContext>>().Send(context, options, pipe);
        scope.GetRequiredService<AfterCommit>().Run();
    }

    private sealed record Scope(IServiceProvider ServiceProvider) : IServiceScope
    {
        public void Dispose()
        {
            // It belongs to whoever made it.
        }
    }

    private sealed class Tables(DbContextOptions<Tables> options) : DbContext(options)
    {
        protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.AddTransactionalOutboxEntities();
    }
}

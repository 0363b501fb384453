using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Update;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Npgsql;
using PhotoPlatform.Messaging.Consuming;
using PhotoPlatform.Messaging.Inbox;
using PhotoPlatform.Messaging.Watching;
using PhotoPlatform.ServiceDefaults.Steps;

namespace PhotoPlatform.Messaging.Outbox;

/// <summary>Puts the outbox and inbox of this library behind <c>AddMessaging</c>. The file of the same name in <c>MassTransitOutbox</c> takes its place with <c>-p:UseMassTransitOutbox=true</c>.</summary>
internal static class TransactionalMessaging
{
    /// <summary>The DbContext with its inbox, the relay of its outbox, and what watches both.</summary>
    internal static void Add<TDbContext>(WebApplicationBuilder builder, string service, NpgsqlDataSource database) where TDbContext : DbContext
    {
        var services = builder.Services;
        var signal = new RelaySignal();
        services.TryAddScoped<InboxTicket>();
        services.TryAddScoped<InboxInterceptor>();
        services.AddDbContext<TDbContext>((provider, options) => options.UseNpgsql(database)
            .ReplaceService<IBatchExecutor, OneTripSaves>().AddInterceptors(new RelaySignalInterceptor(signal), provider.GetRequiredService<InboxInterceptor>()));
        services.TryAddScoped<UnsavedMessages>();
        services.AddSingleton<IStartupFilter, UnsavedMessagesFilter>();
        if (builder.Configuration.GetValue("Messaging:Relay", true))
            services.AddSingleton<IHostedService>(Relay);
        services.AddStep("relay", (provider, cancellationToken) => Relay(provider).RunAsync(cancellationToken), untilStopped: true);
        services.AddStep("resend", (_, cancellationToken) => OutboxRows.ReviveAsync(database, cancellationToken));
        services.AddSingleton<IHostedService>(provider => ActivatorUtilities.CreateInstance<InboxPartitions>(provider, provider.GetRequiredKeyedService<NpgsqlDataSource>(service)));
        services.AddSingleton(new MessagingDatabase(service, database));

        OutboxRelay Relay(IServiceProvider provider) => ActivatorUtilities.CreateInstance<OutboxRelay>(provider, service, provider.GetRequiredKeyedService<NpgsqlDataSource>(service), signal);
    }

    /// <summary>Null: the bus's own outbox is not in use.</summary>
    internal static Action<IBusRegistrationConfigurator>? OfTheBus<TDbContext>(IConfiguration _) where TDbContext : DbContext => null;

    /// <summary>Creates what is missing. The caller holds the migration lock.</summary>
    internal static Task CreateTablesAsync(NpgsqlConnection connection, TimeProvider time, CancellationToken cancellationToken) =>
        MessagingSchema.CreateAsync(connection, DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime), cancellationToken);

    /// <summary>Runs a consumer so that its message has one effect.</summary>
    internal static Task Once<TDbContext>(IServiceProvider scope, string queue, Guid messageId, ConsumeContext<object> context, Func<Task> consume) where TDbContext : DbContext =>
        Consume.Once<TDbContext>(scope, queue, messageId, context, consume);
}

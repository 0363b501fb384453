using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
using PhotoPlatform.Messaging.Broker;
using PhotoPlatform.Messaging.Consuming;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.Messaging.Watching;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Steps;

namespace PhotoPlatform.Messaging;

/// <summary>Wires bus, outbox, inbox, retry and dead letters, once for every service and worker.</summary>
public static class MessagingExtensions
{
    /// <summary>For a service with a database: adds the DbContext over the connection string <paramref name="service"/>, its outbox with the relay, and its inbox.</summary>
    public static void AddMessaging<TDbContext>(this WebApplicationBuilder builder, string service, Action<MessagingBuilder> configure) where TDbContext : DbContext
    {
        var services = builder.Services;
        var database = new NpgsqlDataSourceBuilder(builder.Configuration.Require($"ConnectionStrings:{service}"))
        {
            ConnectionStringBuilder = { ApplicationName = service, MaxPoolSize = 20, Timeout = 5, CommandTimeout = 10, CancellationTimeout = 2000, KeepAlive = 30 },
        }.Build();
        // Made by the container, so that it ends with it.
        services.AddKeyedSingleton(service, (_, _) => database);
        services.AddScoped<Outbox<TDbContext>>();
        services.TryAddScoped<AfterCommit>();
        TransactionalMessaging.Add<TDbContext>(builder, service, database);
        services.AddHealthChecks().Add(new HealthCheckRegistration($"{service}-database", _ => new DatabaseHealth(database), null, null, TimeSpan.FromSeconds(3)));
        services.AddStep("migrate", (provider, cancellationToken) => MigrateAsync<TDbContext>(provider, database, cancellationToken));
        AddBus(builder, HealthStatus.Degraded, TransactionalMessaging.OfTheBus<TDbContext>(builder.Configuration));
        configure(new MessagingBuilder(services, service, TransactionalMessaging.Once<TDbContext>));
    }

    /// <summary>For a worker without a database: its consumers publish with <see cref="FollowUps"/>, confirmed before their message is acknowledged.</summary>
    public static void AddMessaging(this WebApplicationBuilder builder, string service, Action<MessagingBuilder> configure)
    {
        AddBus(builder, HealthStatus.Unhealthy);
        configure(new MessagingBuilder(builder.Services, service, Consume.Stateless));
    }

    /// <param name="builder">The process; several services in one process share the bus.</param>
    /// <param name="withoutBroker">What the process is while the broker is away: one with an outbox goes on answering.</param>
    /// <param name="outbox">Adds the bus's own outbox, if that is the one in use.</param>
    private static void AddBus(WebApplicationBuilder builder, HealthStatus withoutBroker, Action<IBusRegistrationConfigurator>? outbox = null)
    {
        var services = builder.Services;
        if (services.Any(service => service.ServiceType == typeof(BrokerConnection)))
            return;

        var address = new Uri(builder.Configuration.Require("ConnectionStrings:bus"));
        var name = builder.Environment.ApplicationName;
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<BrokerConnection>(provider, address, $"{name} publisher"));
        services.AddScoped(provider => new FollowUps(provider.GetRequiredService<BrokerConnection>(), provider.GetRequiredService<TimeProvider>()));
        services.AddStep("declare", (provider, cancellationToken) => Topology.DeclareAsync(
            provider.GetRequiredService<BrokerConnection>(), [.. provider.GetServices<ConsumerEndpoint>()], provider.GetServices<PublishedEvent>(), provider.GetRequiredService<TimeProvider>(), cancellationToken));
        services.AddSingleton<MessagingMetrics>();
        services.AddSingleton<ConsumerProgress>();
        services.AddReceiveObserver<ConsumerProgress>(provider => provider.GetRequiredService<ConsumerProgress>());
        services.AddSingleton<MessagingWatch>();
        services.AddHostedService(provider => provider.GetRequiredService<MessagingWatch>());
        services.AddHealthChecks().Add(new HealthCheckRegistration("consumers", provider => provider.GetRequiredService<MessagingWatch>(), withoutBroker, null));
        services.Configure<MassTransitHostOptions>(options => options.StopTimeout = TimeSpan.FromSeconds(7));
        services.AddReceiveObserver<LostChannel>();
        services.AddMassTransit(bus =>
        {
            bus.DisableUsageTelemetry();
            bus.ConfigureHealthCheckOptions(options => options.MinimalFailureStatus = withoutBroker);
            outbox?.Invoke(bus);
            bus.UsingRabbitMq((context, rabbit) =>
            {
                rabbit.ConfigureJsonSerializerOptions(OutgoingMessage.AlsoReads);
                if (outbox is null)
                {
                    rabbit.ConfigurePublish(pipe => pipe.UseExecute(_ => throw NotThroughTheBus()));
                    rabbit.ConfigureSend(pipe => pipe.UseExecute(_ => throw NotThroughTheBus()));
                }
                rabbit.Host(address, $"{name} consumer", host => host.Heartbeat(TimeSpan.FromSeconds(10)));
                foreach (var endpoint in context.GetServices<ConsumerEndpoint>())
                    rabbit.ReceiveEndpoint(endpoint.Queue, queue => endpoint.Configure(queue, context));
            });
        });
    }

    /// <summary>It would bypass the outbox, and the ids of follow-ups.</summary>
    private static InvalidOperationException NotThroughTheBus() =>
        new("MassTransit's own Publish and Send bypass the outbox: publish with Outbox<TDbContext> where there is a DbContext, with FollowUps in a consumer without one.");

    private static async Task MigrateAsync<TDbContext>(IServiceProvider services, NpgsqlDataSource database, CancellationToken cancellationToken) where TDbContext : DbContext
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var held = await DatabaseLock.TakeAsync(connection, "migrate", cancellationToken);
        await TransactionalMessaging.CreateTablesAsync(connection, services.GetRequiredService<TimeProvider>(), cancellationToken);
        await using var scope = services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<TDbContext>().Database;
        db.SetCommandTimeout(TimeSpan.Zero);
        await db.MigrateAsync(cancellationToken);
    }
}

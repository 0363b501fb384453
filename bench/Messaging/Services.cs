using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Steps;

namespace PhotoPlatform.Messaging.Bench;

/// <summary>
/// The publishing and the consuming service, two hosts in this process with a database each: producers, relay and consumer share the processors with both servers.
/// All have the platform's defaults, its traces too.
/// </summary>
internal static class Services
{
    internal const string Publisher = "publisher";
    internal const string Consumer = "consumer";

    /// <summary>The queue from which every consumer takes.</summary>
    internal static string Queue => $"{Consumer}-{MessageNames.ExchangeOf(typeof(BenchMessage))}";

    internal static void PublishWithOutbox(WebApplicationBuilder builder) => builder.AddMessaging<BenchDb>(Publisher, messaging => messaging.Publishes<BenchMessage>());

    /// <summary>Without the library: a bus of its own and a DbContext of its own, on the same settings, to the same exchange.</summary>
    internal static void PublishDirectly(WebApplicationBuilder builder)
    {
        AddDatabase(builder, Publisher);
        var address = new Uri(builder.Configuration.Require("ConnectionStrings:bus"));
        builder.Services.AddSingleton(_ => new RawPublisher(address));
        builder.Services.AddMassTransit(bus =>
        {
            bus.DisableUsageTelemetry();
            bus.UsingRabbitMq((_, rabbit) =>
            {
                rabbit.Host(address, "direct publisher", host => host.Heartbeat(TimeSpan.FromSeconds(10)));
                rabbit.Message<BenchMessage>(message => message.SetEntityName(MessageNames.ExchangeOf(typeof(BenchMessage))));
            });
        });
    }

    /// <summary>The consumer that only acknowledges, and the one that writes a row without an inbox, run in a worker without a database of messaging: the same queue, prefetch, retry and scope as with the inbox.</summary>
    internal static void Acknowledge(WebApplicationBuilder builder) => builder.AddMessaging(Consumer, messaging => messaging.Subscribe<BenchMessage, CountingConsumer>());

    internal static void WriteRow(WebApplicationBuilder builder)
    {
        AddDatabase(builder, Consumer);
        builder.AddMessaging(Consumer, messaging => messaging.Subscribe<BenchMessage, RowConsumer>());
    }

    internal static void WriteRowOnce(WebApplicationBuilder builder) => builder.AddMessaging<BenchDb>(Consumer, messaging => messaging.Subscribe<BenchMessage, RowConsumer>());

    /// <summary>Makes the tables of both services and the queue.</summary>
    internal static async Task PrepareAsync(Servers servers, CancellationToken cancellationToken)
    {
        foreach (var add in new Action<WebApplicationBuilder>[] { PublishWithOutbox, WriteRowOnce })
        {
            await using var service = Create(servers.Settings, add, new Tally(0));
            foreach (var step in service.Services.GetServices<Step>().Where(step => step.Name is "migrate" or "declare"))
                await step.RunAsync(service.Services, cancellationToken);
        }
    }

    internal static WebApplication Create(IReadOnlyDictionary<string, string?> settings, Action<WebApplicationBuilder> add, Tally tally)
    {
        var builder = ServiceHost.CreateService("bench", []);
        builder.Configuration.AddInMemoryCollection(settings);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton(tally);
        builder.Services.AddReceiveObserver<Tally>(provider => provider.GetRequiredService<Tally>());
        add(builder);
        // Standard output is for the figures.
        builder.Logging.ClearProviders().AddConsole(options => options.LogToStandardErrorThreshold = LogLevel.Trace).AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning).SetMinimumLevel(LogLevel.Warning);
        return builder.Build();
    }

    /// <summary>Returns when the service publishes and consumes.</summary>
    internal static async Task<WebApplication> StartAsync(Servers servers, Action<WebApplicationBuilder> add, Tally tally, CancellationToken cancellationToken)
    {
        var service = Create(servers.Settings, add, tally);
        await service.StartAsync(cancellationToken);
        await service.Services.GetRequiredService<IBusControl>().WaitForHealthStatus(BusHealthStatus.Healthy, cancellationToken);
        return service;
    }

    internal static async Task StopAsync(WebApplication service)
    {
        await service.StopAsync();
        await service.DisposeAsync();
    }

    /// <summary>With the settings of the pool that the library chooses.</summary>
    private static void AddDatabase(WebApplicationBuilder builder, string name)
    {
        var database = new NpgsqlDataSourceBuilder(builder.Configuration.Require($"ConnectionStrings:{name}"))
        {
            ConnectionStringBuilder = { MaxPoolSize = 20, Timeout = 5, CommandTimeout = 10, CancellationTimeout = 2000, KeepAlive = 30 },
        };
        builder.Services.AddSingleton(_ => database.Build());
        builder.Services.AddDbContext<BenchDb>((services, options) => options.UseNpgsql(services.GetRequiredService<NpgsqlDataSource>()));
    }
}

/// <summary>Acknowledges.</summary>
internal sealed class CountingConsumer(Tally tally) : IConsumer<BenchMessage>
{
    public Task Consume(ConsumeContext<BenchMessage> context)
    {
        tally.Consume(context.Message.Number);
        return Task.CompletedTask;
    }
}

/// <summary>Writes a row.</summary>
internal sealed class RowConsumer(BenchDb db, Tally tally) : IConsumer<BenchMessage>
{
    public Task Consume(ConsumeContext<BenchMessage> context)
    {
        tally.Consume(context.Message.Number);
        db.Add(Row.Of(context.Message.Number));
        return db.SaveChangesAsync(context.CancellationToken);
    }
}

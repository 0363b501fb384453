using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.ServiceDefaults;

namespace PhotoPlatform.Messaging.Bench;

/// <summary>One way to save and publish, and one to consume.</summary>
/// <param name="Name">For the output.</param>
/// <param name="Publisher">Wires the publishing service.</param>
/// <param name="Request">What a request does, in a scope of its own; returns the time at which the commit had returned.</param>
/// <param name="Consumer">Wires the consuming service.</param>
/// <param name="WritesRow">Whether the consumer writes a row.</param>
internal sealed record Variant(string Name, Action<WebApplicationBuilder> Publisher, Request Request, Action<WebApplicationBuilder> Consumer, bool WritesRow)
{
    internal static readonly Variant Direct = new("direct", Services.PublishDirectly, Requests.DirectAsync, Services.Acknowledge, WritesRow: false);
    internal static readonly Variant Raw = Direct with { Name = "direct-raw", Request = Requests.RawAsync };
    internal static readonly Variant Outbox = new("outbox", Services.PublishWithOutbox, Requests.OutboxAsync, Services.Acknowledge, WritesRow: false);

    /// <summary>In the order of their first round.</summary>
    internal static readonly IReadOnlyList<Variant> All =
    [
        Direct,
        Raw,
        Outbox,
        Outbox with { Name = "outbox+inbox", Consumer = Services.WriteRowOnce, WritesRow = true },
        Direct with { Name = "direct+row", Consumer = Services.WriteRow, WritesRow = true },
        Raw with { Name = "direct-raw+row", Consumer = Services.WriteRow, WritesRow = true },
    ];
}

internal delegate Task<long> Request(IServiceProvider scope, BenchMessage message, CancellationToken cancellationToken);

/// <summary>What a request does.</summary>
internal static class Requests
{
    /// <summary>Saves, then publishes with MassTransit: a crash between the two loses the message.</summary>
    internal static async Task<long> DirectAsync(IServiceProvider scope, BenchMessage message, CancellationToken cancellationToken)
    {
        var committed = await SaveAsync(scope, message, cancellationToken);
        await scope.GetRequiredService<IPublishEndpoint>().Publish(message, cancellationToken);
        return committed;
    }

    /// <summary>Saves, then publishes with RabbitMQ's client alone: the least that can be done.</summary>
    internal static async Task<long> RawAsync(IServiceProvider scope, BenchMessage message, CancellationToken cancellationToken)
    {
        var committed = await SaveAsync(scope, message, cancellationToken);
        await scope.GetRequiredService<RawPublisher>().PublishAsync(message, cancellationToken);
        return committed;
    }

    /// <summary>Saves both together.</summary>
    internal static Task<long> OutboxAsync(IServiceProvider scope, BenchMessage message, CancellationToken cancellationToken)
    {
        scope.GetRequiredService<Outbox<BenchDb>>().Publish(message);
        return SaveAsync(scope, message, cancellationToken);
    }

    private static async Task<long> SaveAsync(IServiceProvider scope, BenchMessage message, CancellationToken cancellationToken)
    {
        var db = scope.GetRequiredService<BenchDb>();
        db.Add(Row.Of(message.Number));
        await db.SaveChangesAsync(cancellationToken);
        return System.Diagnostics.Stopwatch.GetTimestamp();
    }
}

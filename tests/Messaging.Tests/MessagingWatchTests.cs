using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging.Abstractions;
using PhotoPlatform.Messaging.Broker;
using PhotoPlatform.Messaging.Consuming;
using PhotoPlatform.Messaging.Watching;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests;

/// <summary>What a process knows and tells of its messaging.</summary>
public sealed class MessagingWatchTests : IAsyncLifetime
{
    private readonly OrdersFixture _orders = new();

    public ValueTask InitializeAsync() => _orders.InitializeAsync();

    public ValueTask DisposeAsync() => _orders.DisposeAsync();

    [Fact]
    public async Task A_process_is_not_healthy_while_a_queue_is_missing_or_nobody_consumes_it_and_says_which()
    {
        await _orders.Service.DeclareQueueAsync("forsaken");
        var (services, clock) = (_orders.Service.Services, new TestClock());
        using var watch = new MessagingWatch(
            [.. ((string[])["missing", "forsaken", Orders.Queue]).Select(queue => new ConsumerEndpoint<OrderPlaced, OrderPlacedConsumer>(queue, null, new ConsumerLimits(1, 1), Consume.Stateless))],
            [], services.GetRequiredService<BrokerConnection>(), services.GetRequiredService<ConsumerProgress>(), services.GetRequiredService<MessagingMetrics>(), clock, NullLogger<MessagingWatch>.Instance);
        var registration = new HealthCheckRegistration("consumers", watch, HealthStatus.Degraded, null);
        await watch.StartAsync(CancellationToken.None);
        var sick = await Eventually.GetAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(5));
            return watch.CheckHealthAsync(new HealthCheckContext { Registration = registration });
        }, health => health.Description?.Contains("forsaken", StringComparison.Ordinal) == true);
        await watch.StopAsync(CancellationToken.None);

        Assert.Equal(HealthStatus.Degraded, sick.Status);
        Assert.Equal("The queue 'missing' does not exist: run the step declare. Nobody consumes the queue 'forsaken'.", sick.Description);
    }

    [Fact]
    public async Task Metrics_tell_of_relayed_and_duplicate_messages_and_of_the_outbox()
    {
        // Other tests' services count in the same process.
        var meters = _orders.Service.Services.GetRequiredService<IMeterFactory>();
        var seen = new ConcurrentDictionary<string, double>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, listening) => { if (instrument.Meter.Name == MessagingMetrics.MeterName && instrument.Meter.Scope == meters) listening.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => seen.AddOrUpdate(instrument.Name, value, (_, sum) => sum + value));
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => seen[instrument.Name] = value);
        listener.Start();

        var (order, id) = (Guid.NewGuid(), MessageId.New(TimeProvider.System));
        for (var i = 0; i < 2; i++)
        {
            await _orders.Service.SendAsync(Orders.Cancellations, id, new OrderCancelled(order));
            await _orders.Receipts.NextAsync(id);
        }
        await _orders.Work.AcceptedAsync(order);
        var refused = Guid.NewGuid();
        _orders.Work.On(refused, _ => throw new PermanentException("sold-out", "There is none left."));
        await _orders.Service.SendAsync(Orders.Queue, MessageId.New(TimeProvider.System), new OrderPlaced(refused));
        await Eventually.GetAsync(() => Task.FromResult(seen.GetValueOrDefault("messaging.consumer.failed")), failed => failed == 1);
        await _orders.SaveAsync(outbox => outbox.Publish(new OrderPlaced(order), TimeProvider.System.GetUtcNow().AddHours(1)));
        await Eventually.GetAsync(() =>
        {
            listener.RecordObservableInstruments();
            return Task.FromResult(seen.GetValueOrDefault("messaging.outbox.scheduled"));
        }, scheduled => scheduled == 1);

        Assert.Equal(1, seen["messaging.inbox.duplicates"]);
        Assert.Equal(1, seen["messaging.outbox.relayed"]);
        Assert.InRange(seen["messaging.outbox.confirm.duration"], 0.000_001, 60);
        Assert.Equal((0, 0, 0, 0), (seen["messaging.outbox.pending"], seen["messaging.outbox.parked"], seen["messaging.outbox.dead"], seen["messaging.outbox.pending.age"]));
    }
}

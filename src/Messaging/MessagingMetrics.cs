using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using PhotoPlatform.Messaging.Outbox;

namespace PhotoPlatform.Messaging;

/// <summary>What messaging counts, in the meter <c>PhotoPlatform.Messaging</c>.</summary>
internal sealed class MessagingMetrics : IDisposable
{
    internal const string MeterName = "PhotoPlatform.Messaging";

    private readonly Meter _meter;
    private readonly Counter<long> _relayed;
    private readonly Histogram<double> _confirm;
    private readonly Counter<long> _duplicates;
    private readonly Counter<long> _failed;
    private readonly ConcurrentDictionary<string, OutboxState> _outboxes = new();

    public MessagingMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _relayed = _meter.CreateCounter<long>("messaging.outbox.relayed", "{message}", "Messages that the relay sent and the broker confirmed");
        _confirm = _meter.CreateHistogram<double>("messaging.outbox.confirm.duration", "s", "From the publish to the broker's confirm");
        _duplicates = _meter.CreateCounter<long>("messaging.inbox.duplicates", "{message}", "Messages that a consumer has had before");
        _failed = _meter.CreateCounter<long>("messaging.consumer.failed", "{message}", "Messages that a consumer failed on, by where they went: retry, dead");
        Observe("messaging.outbox.pending", "{message}", "Messages that will be sent, counted up to 10,000", state => state.Pending);
        Observe("messaging.outbox.pending.age", "s", "The age of the oldest of them", state => state.OldestPendingSeconds ?? 0);
        Observe("messaging.outbox.parked", "{message}", "Messages that wait for another try", state => state.Parked);
        Observe("messaging.outbox.dead", "{message}", "Messages that were given up", state => state.Dead);
        Observe("messaging.outbox.scheduled", "{message}", "Messages whose time has not come", state => state.Scheduled);
    }

    internal void Confirmed(string service, TimeSpan after)
    {
        var tag = new KeyValuePair<string, object?>("service", service);
        _relayed.Add(1, tag);
        _confirm.Record(after.TotalSeconds, tag);
    }

    internal void Duplicate(string queue) => _duplicates.Add(1, new KeyValuePair<string, object?>("queue", queue));

    internal void Failed(string queue, string destination) => _failed.Add(1, new("queue", queue), new("destination", destination));

    /// <summary>What the gauges say of a service's outbox until the next call.</summary>
    internal void Set(OutboxState state) => _outboxes[state.Service] = state;

    private void Observe(string name, string unit, string description, Func<OutboxState, double> value) => _meter.CreateObservableGauge(name,
        () => _outboxes.Select(outbox => new Measurement<double>(value(outbox.Value), new KeyValuePair<string, object?>("service", outbox.Key))), unit, description);

    public void Dispose() => _meter.Dispose();
}

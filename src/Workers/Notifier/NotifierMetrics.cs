using System.Diagnostics.Metrics;

namespace PhotoPlatform.Notifier;

/// <summary>What the worker counts, in the meter <c>PhotoPlatform.Notifier</c>.</summary>
internal sealed class NotifierMetrics : IDisposable
{
    internal const string MeterName = "PhotoPlatform.Notifier";

    private readonly Meter _meter;
    private readonly UpDownCounter<int> _streamsOpen;
    private readonly Counter<int> _streamsEnded;
    private readonly Counter<int> _mails;

    public NotifierMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _streamsOpen = _meter.CreateUpDownCounter<int>("notifier.streams.open");
        _streamsEnded = _meter.CreateCounter<int>("notifier.streams.ended", description: "By reason: left, slow, displaced, session-ended, failed");
        _mails = _meter.CreateCounter<int>("notifier.mails", description: "Tries to send one, by outcome: sent, again, given-up");
    }

    internal void StreamOpened() => _streamsOpen.Add(1);

    internal void StreamEnded(string reason)
    {
        _streamsOpen.Add(-1);
        _streamsEnded.Add(1, new KeyValuePair<string, object?>("reason", reason));
    }

    internal void MailTried(string outcome) => _mails.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void Dispose() => _meter.Dispose();
}

using PhotoPlatform.Messaging;
using PhotoPlatform.ServiceDefaults.Caching;

namespace PhotoPlatform.Notifier.Events;

/// <summary>The open streams of this process. Events are announced over Redis, so that every replica's streams wake; streams poll too, for Redis may be away.</summary>
internal sealed class EventStreams(RedisAccess redis, TimeProvider time, ILogger<EventStreams> logger) : BackgroundService
{
    private const string Channel = "events";
    private static readonly TimeSpan SubscribeRetry = TimeSpan.FromSeconds(2);
    private readonly Dictionary<Guid, List<StreamSignal>> _streams = [];

    /// <summary>Tells every replica that a user has new events. Does not wait.</summary>
    internal void Announce(Guid userId)
    {
        Wake(userId);
        _ = AnnounceAsync(userId);
    }

    /// <summary>A signal that is set when the user has new events; disposing it ends that.</summary>
    internal StreamSignal Open(Guid userId)
    {
        var signal = new StreamSignal(this, userId);
        lock (_streams)
        {
            if (!_streams.TryGetValue(userId, out var signals))
                _streams[userId] = signals = [];
            signals.Add(signal);
        }
        return signal;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!await redis.TrySubscribeAsync(Channel, Received, stoppingToken))
            await Task.Delay(SubscribeRetry, time, stoppingToken);
        logger.LogInformation("Streams are woken over Redis");
    }

    private void Received(string message)
    {
        if (Guid.TryParse(message, out var userId))
            Wake(userId);
    }

    private async Task AnnounceAsync(Guid userId) => await redis.TryAsync(db => db.PublishAsync(Channel, userId.ToString("D")), 0, CancellationToken.None);

    private void Wake(Guid userId)
    {
        lock (_streams)
        {
            foreach (var signal in _streams.GetValueOrDefault(userId) ?? [])
                signal.Set();
        }
    }

    private void Close(Guid userId, StreamSignal signal)
    {
        lock (_streams)
        {
            if (_streams.TryGetValue(userId, out var signals) && signals.Remove(signal) && signals.Count == 0)
                _streams.Remove(userId);
        }
    }

    internal sealed class StreamSignal(EventStreams owner, Guid userId) : Signal
    {
        protected override void Dispose(bool disposing)
        {
            owner.Close(userId, this);
            base.Dispose(disposing);
        }
    }
}

using System.Collections.Concurrent;
using PhotoPlatform.Messaging;
using PhotoPlatform.ServiceDefaults.Caching;

namespace PhotoPlatform.Notifier.Events;

/// <summary>The open streams of this process. Events are announced over Redis, so that every replica's streams wake; streams poll too, for Redis may be away.</summary>
internal sealed class EventStreams(RedisAccess redis, TimeProvider time, ILogger<EventStreams> logger) : BackgroundService
{
    private const string Channel = "events";
    private static readonly TimeSpan SubscribeRetry = TimeSpan.FromSeconds(2);
    private readonly ConcurrentDictionary<Guid, ConcurrentDictionary<Signal, byte>> _streams = new();

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
        _streams.GetOrAdd(userId, _ => new()).TryAdd(signal, 0);
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
        if (!_streams.TryGetValue(userId, out var signals))
            return;
        foreach (var signal in signals.Keys)
            signal.Set();
    }

    internal sealed class StreamSignal(EventStreams owner, Guid userId) : Signal
    {
        protected override void Dispose(bool disposing)
        {
            if (owner._streams.TryGetValue(userId, out var signals) && signals.TryRemove(this, out _) && signals.IsEmpty)
                owner._streams.TryRemove(new(userId, signals));
            base.Dispose(disposing);
        }
    }
}

using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Messaging;
using PhotoPlatform.Notifier.Data;
using PhotoPlatform.ServiceDefaults.Caching;
using PhotoPlatform.ServiceDefaults.Identity;

namespace PhotoPlatform.Notifier.Events;

/// <summary>
/// The open streams of this process. What concerns them is announced over Redis, so that every replica's streams learn of it at once;
/// since Redis may be away, or lose an announcement, the process also asks the database every 5 s, for all of its streams together.
/// </summary>
internal sealed class EventStreams(RedisAccess redis, IServiceScopeFactory scopes, TimeProvider time, ILogger<EventStreams> logger) : BackgroundService
{
    /// <summary>Of one user in this process. One more closes the oldest: streams of clients that vanished must not lock their user out.</summary>
    internal const int MaxPerUser = 10;

    private const string Channel = "events";
    private const int UsersPerQuery = 500;
    private static readonly TimeSpan SubscribeRetry = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(5);
    private readonly Dictionary<Guid, List<OpenStream>> _streams = [];

    /// <summary>Tells every replica that a user has new events. Does not wait.</summary>
    internal void Announce(Guid userId) => Announce($"{userId:D}");

    /// <summary>Tells every replica that a session has ended. Does not wait.</summary>
    internal void AnnounceRevoked(Guid userId, Guid sessionId) => Announce($"{userId:D} {sessionId:D}");

    /// <summary>Tells every replica that a user is gone. Does not wait.</summary>
    internal void AnnounceDeleted(Guid userId) => Announce($"{userId:D} deleted");

    /// <summary>Puts a stream on the list.</summary>
    internal OpenStream Open(SignedInUser user)
    {
        var stream = new OpenStream(this, user);
        lock (_streams)
        {
            if (!_streams.TryGetValue(user.Id, out var streams))
                _streams[user.Id] = streams = [];
            streams.Add(stream);
            foreach (var oldest in streams.Where(open => open.Ended is null).SkipLast(MaxPerUser).ToArray())
                oldest.End(StreamEnd.Displaced);
        }
        return stream;
    }

    internal void Close(OpenStream stream)
    {
        lock (_streams)
        {
            if (_streams.TryGetValue(stream.UserId, out var streams) && streams.Remove(stream) && streams.Count == 0)
                _streams.Remove(stream.UserId);
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(SubscribeAsync(stoppingToken), PollAsync(stoppingToken));

    private async Task SubscribeAsync(CancellationToken cancellationToken)
    {
        while (!await redis.TrySubscribeAsync(Channel, Received, cancellationToken))
            await Task.Delay(SubscribeRetry, time, cancellationToken);
        logger.LogInformation("Streams are woken over Redis");
    }

    private void Announce(string message)
    {
        Received(message);
        _ = redis.TryAsync(db => db.PublishAsync(Channel, message), 0, CancellationToken.None).AsTask();
    }

    private void Received(string message)
    {
        var words = message.Split(' ');
        if (!Guid.TryParse(words[0], out var userId))
            return;
        foreach (var stream in Of(userId))
        {
            if (words.Length == 1)
                stream.Set();
            else if (words[1] == "deleted" || (Guid.TryParse(words[1], out var sessionId) && stream.SessionId == sessionId))
                stream.End(StreamEnd.SessionEnded);
        }
    }

    private async Task PollAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(PollInterval, time);
        var databaseAway = false;
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            try
            {
                foreach (var users in Users().Chunk(UsersPerQuery))
                    await LookAsync(users, cancellationToken);
                databaseAway = false;
            }
            catch (Exception exception) when (DatabaseAway.Is(exception))
            {
                if (!databaseAway)
                    logger.LogWarning("Streams cannot ask the database: {Reason}", exception.Message);
                databaseAway = true;
            }
        }
    }

    private async Task LookAsync(Guid[] users, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<NotifierDb>();
        foreach (var counter in await Counters(db, users).ToListAsync(cancellationToken))
        {
            foreach (var stream in Of(counter.UserId).Where(stream => stream.Position < counter.LastSeq))
                stream.Set();
        }
        foreach (var ended in await db.RevokedSessions.AsNoTracking().Where(row => users.Contains(row.UserId)).ToListAsync(cancellationToken))
        {
            foreach (var stream in Of(ended.UserId).Where(stream => stream.SessionId == ended.SessionId))
                stream.End(StreamEnd.SessionEnded);
        }
        foreach (var deleted in await db.DeletedUsers.AsNoTracking().Where(row => users.Contains(row.UserId)).ToListAsync(cancellationToken))
        {
            foreach (var stream in Of(deleted.UserId))
                stream.End(StreamEnd.SessionEnded);
        }
    }

    internal static IQueryable<EventCounter> Counters(NotifierDb db, Guid[] users) => db.EventCounters.AsNoTracking().Where(row => users.Contains(row.UserId));

    private Guid[] Users()
    {
        lock (_streams)
            return [.. _streams.Keys];
    }

    private OpenStream[] Of(Guid userId)
    {
        lock (_streams)
            return [.. _streams.GetValueOrDefault(userId) ?? []];
    }
}

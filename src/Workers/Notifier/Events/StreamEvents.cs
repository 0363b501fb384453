using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Messaging;
using PhotoPlatform.Notifier.Data;
using PhotoPlatform.ServiceDefaults.Identity;

namespace PhotoPlatform.Notifier.Events;

/// <summary>
/// <c>GET /api/events</c>: the signed-in user's events as they happen (server-sent events, WHATWG HTML 9.2). Resumes after <c>Last-Event-ID</c>, or <c>?lastEventId=</c>
/// of clients that cannot set headers. When the events after that id are not all there any more, an event <c>reset</c> says so: what the client shows is out of date.
/// </summary>
internal sealed class StreamEvents(EventStreams streams, IServiceScopeFactory scopes, NotifierMetrics metrics, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<StreamEvents> logger)
{
    private const int Batch = 100;
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan WriteLimit = TimeSpan.FromSeconds(10);

    internal static Task<Results<EmptyHttpResult, ProblemHttpResult>> HandleAsync(SignedInUser user, HttpContext http, StreamEvents events, string? lastEventId = null) =>
        events.StreamAsync(user, http, http.Request.Headers["Last-Event-ID"].ToString() is { Length: > 0 } header ? header : lastEventId);

    private async Task<Results<EmptyHttpResult, ProblemHttpResult>> StreamAsync(SignedInUser user, HttpContext http, string? lastEventId)
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        // On the list before the first look: what happens in between wakes or ends it.
        using var stream = streams.Open(user);
        http.Response.ContentType = "text/event-stream";
        long newest;
        try
        {
            (newest, var refused) = await BeginAsync(user, gone.Token);
            if (refused)
                return TypedResults.Problem(statusCode: StatusCodes.Status401Unauthorized, detail: "Sign in first.");
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested)
        {
            // The process stops: a stream without events, after which the browser comes back, and not an error, after which it does not.
            return TypedResults.Empty;
        }

        http.Response.Headers.CacheControl = "no-cache, no-store";
        http.Response.Headers["X-Accel-Buffering"] = "no";
        // A reader that stands still has the limit below; the server's own would cut off those who only wait.
        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
            rate.MinDataRate = null;

        metrics.StreamOpened();
        var reason = "failed";
        using var stalled = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(gone.Token, stalled.Token);
        var writer = new Writer(http.Response.Body, stalled, stop.Token);
        try
        {
            stream.Position = long.TryParse(lastEventId, NumberStyles.None, CultureInfo.InvariantCulture, out var seen) ? seen : newest;
            await writer.WriteAsync($"retry: 1000\nid: {stream.Position}\n\n");
            // A number that nobody was given yet: it comes from another life of the database.
            if (stream.Position > newest)
                await ResetAsync(newest);

            for (var written = time.GetTimestamp(); stream.Ended is null;)
            {
                var events = await ReadAsync(user.Id, stream.Position, gone.Token);
                if (events is [var first, ..] ? first.Seq != stream.Position + 1 : stream.Position < newest)
                {
                    await ResetAsync(events is [.., var end] ? Math.Max(end.Seq, newest) : newest);
                    continue;
                }
                if (events is [.., var last])
                {
                    await writer.WriteAsync(string.Concat(events.Select(row => $"event: {row.Type}\nid: {row.Seq}\ndata: {row.Payload}\n\n")));
                    (stream.Position, written) = (last.Seq, time.GetTimestamp());
                }
                else if (time.GetElapsedTime(written) >= Heartbeat)
                {
                    await writer.WriteAsync(": heartbeat\n\n");
                    written = time.GetTimestamp();
                }
                if (events.Count < Batch)
                    await stream.WaitAsync(Left(written), gone.Token);
            }
            reason = stream.Ended.Reason;
            await writer.WriteAsync(stream.Ended.LastWords);
        }
        catch (OperationCanceledException) when (stalled.IsCancellationRequested)
        {
            // Asked before the other: the server breaks the connection of a cancelled write, and then the client seems to have gone too.
            reason = "slow";
            logger.LogWarning("A stream of user {UserId} was cut off: its reader took nothing for {Limit}", user.Id, WriteLimit);
            http.Abort();
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested)
        {
            // The client has gone, or the process stops: the browser comes back with the last id it saw.
            reason = "left";
        }
        catch (Exception exception) when (DatabaseAway.Is(exception))
        {
            logger.LogWarning("A stream of user {UserId} ends, for the database is away: {Reason}", user.Id, exception.Message);
            http.Abort();
        }
        finally
        {
            metrics.StreamEnded(reason);
        }
        return TypedResults.Empty;

        async Task ResetAsync(long position)
        {
            await writer.WriteAsync($"event: reset\nid: {position}\ndata: {{}}\n\n");
            stream.Position = position;
        }
    }

    private TimeSpan Left(long written) => Heartbeat - time.GetElapsedTime(written) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

    private async Task<(long Newest, bool Refused)> BeginAsync(SignedInUser user, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<NotifierDb>();
        var newest = await db.EventCounters.Where(row => row.UserId == user.Id).Select(row => row.LastSeq).SingleOrDefaultAsync(cancellationToken);
        var refused = await db.RevokedSessions.AnyAsync(row => row.UserId == user.Id && row.SessionId == user.SessionId, cancellationToken)
            || await db.DeletedUsers.AnyAsync(row => row.UserId == user.Id, cancellationToken);
        return (newest, refused);
    }

    // A scope for each look: a stream must not hold a connection of the pool while nothing happens.
    private async Task<List<UserEvent>> ReadAsync(Guid userId, long after, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await After(scope.ServiceProvider.GetRequiredService<NotifierDb>(), userId, after).ToListAsync(cancellationToken);
    }

    internal static IQueryable<UserEvent> After(NotifierDb db, Guid userId, long after) =>
        db.Events.AsNoTracking().Where(row => row.UserId == userId && row.Seq > after).OrderBy(row => row.Seq).Take(Batch);

    /// <summary>Writes whole blocks. What the reader does not take is at most one batch and the server's buffer of 64 kB, and for no longer than the limit.</summary>
    private sealed class Writer(Stream body, CancellationTokenSource stalled, CancellationToken stop)
    {
        internal async Task WriteAsync(string blocks)
        {
            stalled.CancelAfter(WriteLimit);
            await body.WriteAsync(Encoding.UTF8.GetBytes(blocks), stop);
            await body.FlushAsync(stop);
            stalled.CancelAfter(Timeout.InfiniteTimeSpan);
            // A cancelled flush does not throw.
            stop.ThrowIfCancellationRequested();
        }
    }
}

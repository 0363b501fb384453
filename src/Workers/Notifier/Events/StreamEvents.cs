using System.Globalization;
using System.Text;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Notifier.Data;
using PhotoPlatform.ServiceDefaults.Identity;

namespace PhotoPlatform.Notifier.Events;

/// <summary><c>GET /api/events</c>: the signed-in user's events as they happen (server-sent events, WHATWG HTML 9.2); resumes after <c>Last-Event-ID</c>.</summary>
internal static class StreamEvents
{
    private const int Batch = 100;
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    internal static async Task HandleAsync(
        SignedInUser user, HttpContext http, EventStreams streams, IServiceScopeFactory scopes, TimeProvider time, IHostApplicationLifetime lifetime)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        using var signal = streams.Open(user.Id);
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-cache, no-store";
        http.Response.Headers["X-Accel-Buffering"] = "no";
        try
        {
            var newest = await LastSeqAsync(scopes, user.Id, stop.Token);
            // What nobody was given yet was not seen either.
            var last = long.TryParse(http.Request.Headers["Last-Event-ID"], NumberStyles.None, CultureInfo.InvariantCulture, out var seen) ? Math.Min(seen, newest) : newest;
            await WriteAsync(http, $"retry: 1000\nid: {last}\n\n", stop.Token);
            for (var written = time.GetTimestamp(); ;)
            {
                var events = await ReadAsync(scopes, user.Id, last, stop.Token);
                foreach (var row in events)
                    await WriteAsync(http, $"event: {row.Type}\nid: {row.Seq}\ndata: {row.Payload}\n\n", stop.Token);
                if (events.Count > 0)
                    (last, written) = (events[^1].Seq, time.GetTimestamp());
                else if (time.GetElapsedTime(written) >= Heartbeat - PollInterval / 2)
                {
                    await WriteAsync(http, ": heartbeat\n\n", stop.Token);
                    written = time.GetTimestamp();
                }
                if (events.Count < Batch)
                    await signal.WaitAsync(PollInterval, stop.Token);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The client has gone, or the process stops: the browser comes back with the last id it saw.
        }
    }

    // A scope for each look: a stream must not hold a connection of the pool while nothing happens.
    private static async Task<List<UserEvent>> ReadAsync(IServiceScopeFactory scopes, Guid userId, long after, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<NotifierDb>().Events.AsNoTracking()
            .Where(row => row.UserId == userId && row.Seq > after).OrderBy(row => row.Seq).Take(Batch).ToListAsync(cancellationToken);
    }

    private static async Task<long> LastSeqAsync(IServiceScopeFactory scopes, Guid userId, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<NotifierDb>().EventCounters
            .Where(row => row.UserId == userId).Select(row => row.LastSeq).SingleOrDefaultAsync(cancellationToken);
    }

    private static async Task WriteAsync(HttpContext http, string text, CancellationToken cancellationToken)
    {
        await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken);
        await http.Response.Body.FlushAsync(cancellationToken);
    }
}

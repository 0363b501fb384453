using PhotoPlatform.Messaging;
using PhotoPlatform.ServiceDefaults.Identity;

namespace PhotoPlatform.Notifier.Events;

/// <summary>An open stream, as those who wake and end it see it. Disposing it takes it off the list.</summary>
internal sealed class OpenStream(EventStreams owner, SignedInUser user) : Signal
{
    private long _position;
    private StreamEnd? _end;

    internal Guid UserId => user.Id;

    internal Guid SessionId => user.SessionId;

    /// <summary>The number of the last event that it has taken.</summary>
    internal long Position
    {
        get => Volatile.Read(ref _position);
        set => Volatile.Write(ref _position, value);
    }

    /// <summary>Why it is to end, or null.</summary>
    internal StreamEnd? Ended => Volatile.Read(ref _end);

    /// <summary>Makes it end soon; the first reason holds.</summary>
    internal void End(StreamEnd reason)
    {
        Interlocked.CompareExchange(ref _end, reason, null);
        Set();
    }

    protected override void Dispose(bool disposing)
    {
        owner.Close(this);
        base.Dispose(disposing);
    }
}

/// <summary>Why a stream ends, and its last words.</summary>
internal sealed record StreamEnd(string Reason, string LastWords)
{
    /// <summary>A client that comes back is told to sign in.</summary>
    internal static readonly StreamEnd SessionEnded = new("session-ended", "event: session-ended\ndata: {}\n\n");

    /// <summary>It comes back after a minute: eleven readers that closed each other at once would do nothing else.</summary>
    internal static readonly StreamEnd Displaced = new("displaced", "retry: 60000\nevent: displaced\ndata: {}\n\n");
}

using System.Globalization;

namespace PhotoPlatform.Messaging.Retry;

/// <summary>How often a consumer's message is tried before it is a dead letter: some tries at once, and after each rung of waiting as many again.</summary>
public sealed class RetryPolicy
{
    private const int MaxImmediateTries = 10;

    /// <summary>Below the days that an inbox remembers: a message that waits for longer would come back to an inbox that no longer knows it.</summary>
    private static readonly TimeSpan MaxWaiting = TimeSpan.FromDays(MessagingSchema.InboxDays - 1);

    /// <param name="immediateTries">Tries before a message leaves for its next rung, 100 ms to 2 s apart: 1 to 10.</param>
    /// <param name="rungs">The delays, each in whole milliseconds, together at most 6 days. None: after the immediate tries come the dead letters.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its limits.</exception>
    public RetryPolicy(int immediateTries, params IReadOnlyList<TimeSpan> rungs)
    {
        if (immediateTries is < 1 or > MaxImmediateTries)
            throw new ArgumentOutOfRangeException(nameof(immediateTries), immediateTries, $"A retry policy has 1 to {MaxImmediateTries} immediate tries.");
        foreach (var rung in rungs)
        {
            if (rung < TimeSpan.FromMilliseconds(1) || rung.Ticks % TimeSpan.TicksPerMillisecond != 0)
                throw new ArgumentOutOfRangeException(nameof(rungs), rung, "The delay of a rung is a whole number of milliseconds, at least one.");
        }
        var waiting = rungs.Aggregate(0m, (sum, rung) => sum + rung.Ticks);
        if (waiting > MaxWaiting.Ticks)
            throw new ArgumentOutOfRangeException(nameof(rungs), $"The rungs of a retry policy together take {waiting / TimeSpan.TicksPerDay:0.0} days; at most {MaxWaiting.Days} are possible.");
        (ImmediateTries, Rungs) = (immediateTries, rungs);
    }

    /// <summary>3 tries at once, then 10 s, 1 min, 10 min and 1 h: 15 tries in 71 minutes.</summary>
    public static RetryPolicy Default { get; } = new(3, TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(10), TimeSpan.FromHours(1));

    /// <summary>Tries before a message leaves for its next rung.</summary>
    public int ImmediateTries { get; }

    /// <summary>The delays between rounds of tries, each a queue of its own.</summary>
    public IReadOnlyList<TimeSpan> Rungs { get; }

    /// <summary>Types of exceptions, with those derived from them, that no later try can heal. <see cref="PermanentException"/> always is one; nothing else is unless it stands here.</summary>
    public IReadOnlyList<Type> Permanent { get; init; } = [];

    /// <summary>How often a message that always fails is tried, unless its process dies with it.</summary>
    public int MaxTries => ImmediateTries * (Rungs.Count + 1);

    /// <summary>The permanent failure in an exception or among its causes, and the reason for the dead letter's header; or null.</summary>
    internal (string Reason, Exception Cause)? PermanentIn(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is PermanentException permanent)
                return (permanent.Reason, permanent);
            if (Permanent.Any(type => type.IsInstanceOfType(exception)))
                return (MessageNames.KebabCase(exception.GetType().Name), exception);
        }
        return null;
    }

    /// <summary>The queue in which a message of a queue waits for a delay, named by it: <c>queue.retry-10s</c>, <c>queue.retry-90s</c>, <c>queue.retry-1h</c>.</summary>
    internal static string RungQueue(string queue, TimeSpan delay) => $"{queue}.retry-{NameOf(delay)}";

    /// <summary>A delay in the largest unit that needs no fraction.</summary>
    internal static string NameOf(TimeSpan delay)
    {
        var (ticks, unit) = delay.Ticks switch
        {
            var hours when hours % TimeSpan.TicksPerHour == 0 => (TimeSpan.TicksPerHour, "h"),
            var minutes when minutes % TimeSpan.TicksPerMinute == 0 => (TimeSpan.TicksPerMinute, "m"),
            var seconds when seconds % TimeSpan.TicksPerSecond == 0 => (TimeSpan.TicksPerSecond, "s"),
            _ => (TimeSpan.TicksPerMillisecond, "ms"),
        };
        return string.Create(CultureInfo.InvariantCulture, $"{delay.Ticks / ticks}{unit}");
    }
}

namespace PhotoPlatform.Messaging.Retry;

/// <summary>What happens to a message whose consumer failed: a rung of the ladder, or the dead letters. Pure decisions.</summary>
internal static class RetryLadder
{
    /// <summary>The delays between tries, each a queue of its own; a few immediate tries come before each.</summary>
    internal static readonly IReadOnlyList<(string Name, TimeSpan Delay)> Rungs =
    [
        ("10s", TimeSpan.FromSeconds(10)),
        ("1m", TimeSpan.FromMinutes(1)),
        ("10m", TimeSpan.FromMinutes(10)),
        ("1h", TimeSpan.FromHours(1)),
    ];

    /// <summary>Tries before a message leaves for its next rung: the first and two more, 100 ms to 2 s apart.</summary>
    internal const int ImmediateTries = 3;

    /// <summary>The header that counts the rungs a message has been on.</summary>
    internal const string RungHeader = "retry-rung";

    internal static string QueueOf(string queue, int rung) => $"{queue}.retry-{Rungs[rung].Name}";

    /// <summary>The permanent failure in an exception or among its causes, or null.</summary>
    internal static PermanentException? Permanent(Exception? exception)
    {
        while (exception is not (null or PermanentException))
            exception = exception.InnerException;
        return (PermanentException?)exception;
    }

    /// <summary>Where a message goes that has been on the given number of rungs.</summary>
    internal static Destination Next(string queue, int rungsBefore, Exception exception)
    {
        var tries = rungsBefore * ImmediateTries;
        if (Permanent(exception) is { } permanent)
            return new Destination(MessageNames.DeadLetterQueueOf(queue), permanent.Reason, rungsBefore, tries + 1);
        return rungsBefore < Rungs.Count
            ? new Destination(QueueOf(queue, rungsBefore), null, rungsBefore + 1, tries + ImmediateTries)
            : new Destination(MessageNames.DeadLetterQueueOf(queue), "retries-exhausted", rungsBefore, tries + ImmediateTries);
    }

    /// <param name="Queue">The queue to move the message to.</param>
    /// <param name="DeadReason">Why it is a dead letter, or null when it will be tried again.</param>
    /// <param name="Rung">The value for <see cref="RungHeader"/>.</param>
    /// <param name="Tries">How often it has been tried so far.</param>
    internal sealed record Destination(string Queue, string? DeadReason, int Rung, int Tries);
}

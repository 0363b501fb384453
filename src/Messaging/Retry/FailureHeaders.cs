namespace PhotoPlatform.Messaging.Retry;

/// <summary>What a failed message carries: along the ladder what must not be forgotten, and as a dead letter its whole story.</summary>
internal static class FailureHeaders
{
    /// <summary>How many rungs it has been on.</summary>
    internal const string Rung = "retry-rung";

    /// <summary>The exchange that it was first published to; empty for a command. It stays when a dead letter is replayed.</summary>
    internal const string OriginalExchange = "original-exchange";

    /// <summary>Is 1 when it was a dead letter and is given back: its consumer may have had it.</summary>
    internal const string Replayed = "replayed";

    /// <summary>What every header of a failure begins with.</summary>
    internal const string Prefix = "failure-";

    /// <summary>A stable code.</summary>
    internal const string Reason = Prefix + "reason";

    /// <summary>Type and message of the exception, at most 1,000 characters.</summary>
    internal const string Exception = Prefix + "exception";

    /// <summary>The same for equal faults: see <see cref="Retry.StackHash"/>.</summary>
    internal const string StackHash = Prefix + "stack-hash";

    /// <summary>How often it was tried so far.</summary>
    internal const string Attempts = Prefix + "attempts";

    /// <summary>When its first round of tries had failed.</summary>
    internal const string FirstAt = Prefix + "first-at";

    /// <summary>When its last one had.</summary>
    internal const string LastAt = Prefix + "at";

    /// <summary>The queue of the consumer that failed.</summary>
    internal const string Queue = Prefix + "queue";

    /// <summary>The trace of the last try.</summary>
    internal const string TraceId = Prefix + "trace-id";
}

namespace PhotoPlatform.Contracts;

/// <summary>How many processes of a worker run, by the length of its queues.</summary>
/// <param name="Worker">The worker: the name of its resource in the AppHost.</param>
/// <param name="MinReplicas">How many always run.</param>
/// <param name="MaxReplicas">How many run at most.</param>
/// <param name="Queues">Its queues; the one that asks for most decides.</param>
public sealed record WorkerScaling(string Worker, int MinReplicas, int MaxReplicas, IReadOnlyList<QueueScaling> Queues)
{
    /// <summary>One is always there, for the person who waits for the first photo; a job takes about a second.</summary>
    public static readonly WorkerScaling PhotoProcessor = new("photo-processor", 1, 20, [new(PhotoQueues.Interactive, 20), new(PhotoQueues.Bulk, 100)]);

    /// <summary>It serves the event streams too, so that there are never none; what it consumes takes milliseconds.</summary>
    public static readonly WorkerScaling Notifier = new("notifier", 2, 6,
    [
        new("notifier-user-registered", 500),
        new("notifier-user-changed", 500),
        new("notifier-user-deleted", 500),
        new("notifier-user-followed", 500),
        new("notifier-session-revoked", 500),
        new("notifier-mail-requested", 500),
        new("notifier-photo-uploaded", 500),
        new("notifier-photo-ready", 500),
        new("notifier-photo-unusable", 500),
        new("notifier-photo-deleted", 500),
        new("notifier-export-requested", 500),
    ]);

    /// <summary>Every worker's.</summary>
    public static IReadOnlyList<WorkerScaling> All => [PhotoProcessor, Notifier];
}

/// <summary>What one queue asks for.</summary>
/// <param name="Queue">The queue's name.</param>
/// <param name="MessagesPerReplica">For each of so many messages that are in it, ready or being worked on, one process.</param>
public sealed record QueueScaling(string Queue, int MessagesPerReplica);

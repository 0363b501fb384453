namespace PhotoPlatform.Messaging.Watching;

/// <summary>A queue as the broker and this process see it.</summary>
/// <param name="Queue">Its name.</param>
/// <param name="Ready">Messages that wait in it.</param>
/// <param name="Consumers">Consumers of all processes.</param>
/// <param name="Taken">Messages that this process has taken since its start.</param>
/// <param name="AtWork">Messages that it works on now.</param>
public sealed record QueueReading(string Queue, uint Ready, uint Consumers, long Taken, int AtWork);

/// <summary>Whether a queue's consumer is there and gets on. A connection alone proves neither.</summary>
internal static class QueueProgress
{
    /// <summary>Well under RabbitMQ's own limit of 30 minutes, after which it closes the channel.</summary>
    internal static readonly TimeSpan WorkLimit = TimeSpan.FromMinutes(10);
    internal static readonly TimeSpan IdleLimit = TimeSpan.FromSeconds(30);

    /// <summary>What is wrong, or null.</summary>
    /// <param name="before">The oldest of the readings since which the process has taken nothing while messages waited; null when there is none.</param>
    /// <param name="now">The newest reading.</param>
    /// <param name="between">The time between the two.</param>
    /// <param name="sinceEnded">The time since a message ended, or since the one at work began.</param>
    internal static string? Problem(QueueReading? before, QueueReading now, TimeSpan between, TimeSpan sinceEnded) => now switch
    {
        { Consumers: 0 } when before is { Consumers: 0 } => $"Nobody consumes the queue '{now.Queue}'.",
        { AtWork: > 0 } when sinceEnded > WorkLimit => $"A message of the queue '{now.Queue}' has been at work for {sinceEnded.TotalMinutes:0} min.",
        { Ready: > 0, AtWork: 0 } when before is not null && between >= IdleLimit =>
            $"{now.Ready} message(s) wait in the queue '{now.Queue}', and this process has taken none for {between.TotalSeconds:0} s.",
        _ => null,
    };

    /// <summary>Whether the older reading says something of the newer one still: neither shows any progress.</summary>
    internal static bool Stands(QueueReading before, QueueReading now) =>
        now.Consumers == 0 ? before.Consumers == 0 : before is { Ready: > 0, AtWork: 0, Consumers: > 0 } && now is { Ready: > 0, AtWork: 0 } && now.Taken == before.Taken;
}

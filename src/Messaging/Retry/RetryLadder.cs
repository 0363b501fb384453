namespace PhotoPlatform.Messaging.Retry;

/// <summary>What happens to a message whose consumer failed: a rung of the ladder, or the dead letters. Pure decisions.</summary>
internal static class RetryLadder
{
    /// <summary>Where a message goes that has been on the given number of rungs.</summary>
    internal static Destination Next(string queue, RetryPolicy policy, int rungsBefore, Exception exception)
    {
        if (policy.PermanentIn(exception) is { } permanent)
            return new Destination(MessageNames.DeadLetterQueueOf(queue), permanent.Reason, rungsBefore);
        return rungsBefore < policy.Rungs.Count
            ? new Destination(RetryPolicy.RungQueue(queue, policy.Rungs[rungsBefore]), null, rungsBefore + 1)
            : new Destination(MessageNames.DeadLetterQueueOf(queue), "retries-exhausted", rungsBefore);
    }

    /// <param name="Queue">The queue to move the message to.</param>
    /// <param name="DeadReason">Why it is a dead letter, or null when it will be tried again.</param>
    /// <param name="Rung">The value for <see cref="FailureHeaders.Rung"/>.</param>
    internal sealed record Destination(string Queue, string? DeadReason, int Rung);
}

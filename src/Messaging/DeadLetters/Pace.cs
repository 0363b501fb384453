namespace PhotoPlatform.Messaging.DeadLetters;

/// <summary>An even rate. A short delay is made up for, a long one is not: what was missed must not come all at once.</summary>
internal sealed class Pace(double perSecond, TimeProvider time)
{
    private static readonly TimeSpan MaxLag = TimeSpan.FromMilliseconds(100);
    private readonly TimeSpan _interval = TimeSpan.FromSeconds(1 / perSecond);
    private readonly long _start = time.GetTimestamp();
    private TimeSpan _next;

    /// <summary>Returns when the next one may go.</summary>
    internal ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        var delay = DelayAt(time.GetElapsedTime(_start));
        return delay > TimeSpan.Zero ? new ValueTask(Task.Delay(delay, time, cancellationToken)) : ValueTask.CompletedTask;
    }

    /// <summary>How long the next one waits that comes at this time after the start; not positive when it need not.</summary>
    internal TimeSpan DelayAt(TimeSpan now)
    {
        if (_next < now - MaxLag)
            _next = now - MaxLag;
        var delay = _next - now;
        _next += _interval;
        return delay;
    }
}

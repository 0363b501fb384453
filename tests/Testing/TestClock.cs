namespace PhotoPlatform.Testing;

/// <summary>The real clock, which a test can put forward: what is due by then happens at once.</summary>
public sealed class TestClock : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly HashSet<Timer> _timers = [];
    private TimeSpan _ahead;

    /// <summary>Puts the clock forward.</summary>
    public void Advance(TimeSpan by)
    {
        lock (_lock)
        {
            _ahead += by;
            foreach (var timer in _timers.ToArray())
                timer.Arm();
        }
    }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + _ahead;

    /// <inheritdoc/>
    public override long GetTimestamp() => System.GetTimestamp() + (long)(_ahead.TotalSeconds * TimestampFrequency);

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer : ITimer
    {
        private readonly TestClock _clock;
        private readonly ITimer _real;
        private DateTimeOffset _due;
        private TimeSpan _period;

        internal Timer(TestClock clock, TimerCallback callback, object? state)
        {
            _clock = clock;
            _real = System.CreateTimer(_ =>
            {
                Fired();
                callback(state);
            }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (_clock._lock)
            {
                _period = period;
                if (dueTime == Timeout.InfiniteTimeSpan)
                {
                    _clock._timers.Remove(this);
                    return _real.Change(dueTime, dueTime);
                }
                _due = _clock.GetUtcNow() + dueTime;
                _clock._timers.Add(this);
                return Arm();
            }
        }

        internal bool Arm()
        {
            var left = _due - _clock.GetUtcNow();
            return _real.Change(left > TimeSpan.Zero ? left : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }

        public void Dispose()
        {
            lock (_clock._lock)
                _clock._timers.Remove(this);
            _real.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Fired()
        {
            lock (_clock._lock)
            {
                if (_period <= TimeSpan.Zero)
                    _clock._timers.Remove(this);
                else if (_clock._timers.Contains(this))
                {
                    _due = _clock.GetUtcNow() + _period;
                    Arm();
                }
            }
        }
    }
}

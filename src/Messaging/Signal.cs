namespace PhotoPlatform.Messaging;

/// <summary>Wakes one waiter: set any number of times before the wait, it lets one wait through.</summary>
public class Signal : IDisposable
{
    private readonly SemaphoreSlim _set = new(0, 1);

    /// <summary>Sets the signal.</summary>
    public void Set()
    {
        // Set already: the waiter has not looked yet and will see this too.
        if (_set.CurrentCount > 0)
            return;
        try
        {
            _set.Release();
        }
        catch (Exception exception) when (exception is SemaphoreFullException or ObjectDisposedException)
        {
            // Somebody else was faster, or the waiter has just gone.
        }
    }

    /// <summary>Returns true when the signal is set, false when the limit has passed.</summary>
    public Task<bool> WaitAsync(TimeSpan limit, CancellationToken cancellationToken) => _set.WaitAsync(limit, cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what a derived signal holds.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
            _set.Dispose();
    }
}

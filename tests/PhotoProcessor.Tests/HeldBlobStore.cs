using PhotoPlatform.Storage;
using PhotoPlatform.Testing.Idempotency;

namespace PhotoPlatform.PhotoProcessor.Tests;

/// <summary>A storage in which a job can be held: in the midst of its renditions, or where it finds what is no photo.</summary>
internal sealed class HeldBlobStore(IBlobStore blobs) : IBlobStore, IEffectHold
{
    private const int SmallestPhoto = 1000;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly SemaphoreSlim _waiting = new(0);
    private TaskCompletionSource _goOn = Gone();

    public async Task<Stream?> OpenReadAsync(string key, long offset, long? length, CancellationToken cancellationToken)
    {
        var stream = await blobs.OpenReadAsync(key, offset, length, cancellationToken);
        if (stream is { Length: < SmallestPhoto })
            await WaitAsync();
        return stream;
    }

    public IBlobWriter Create(string key) => new Writer(blobs.Create(key), key.EndsWith("-medium.webp", StringComparison.Ordinal) ? WaitAsync : null);

    public Task DeleteAsync(string key, CancellationToken cancellationToken) => blobs.DeleteAsync(key, cancellationToken);

    public Task DeleteFolderAsync(string folder, CancellationToken cancellationToken) => blobs.DeleteFolderAsync(folder, cancellationToken);

    public IAsyncEnumerable<BlobInfo> ListAsync(string folder, CancellationToken cancellationToken) => blobs.ListAsync(folder, cancellationToken);

    public Task EnsureSpaceAsync(long bytes, CancellationToken cancellationToken) => blobs.EnsureSpaceAsync(bytes, cancellationToken);

    public Task HoldAsync()
    {
        _goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return Task.CompletedTask;
    }

    public async Task WaitingAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            if (!await _waiting.WaitAsync(Limit))
                throw new TimeoutException($"Only {i} of {count} jobs came within {Limit}.");
        }
    }

    public Task KillAsync()
    {
        _goOn.SetException(new IOException("The process has died."));
        return Task.CompletedTask;
    }

    public Task ReleaseAsync()
    {
        _goOn.TrySetResult();
        _goOn = Gone();
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _waiting.Dispose();
        return ValueTask.CompletedTask;
    }

    private Task WaitAsync()
    {
        var goOn = _goOn.Task;
        if (!goOn.IsCompleted)
            _waiting.Release();
        return goOn;
    }

    private static TaskCompletionSource Gone()
    {
        var gone = new TaskCompletionSource();
        gone.SetResult();
        return gone;
    }

    private sealed class Writer(IBlobWriter writer, Func<Task>? before) : IBlobWriter
    {
        public Stream Stream => writer.Stream;

        public async Task CommitAsync(CancellationToken cancellationToken)
        {
            if (before is not null)
                await before();
            await writer.CommitAsync(cancellationToken);
        }

        public ValueTask DisposeAsync() => writer.DisposeAsync();
    }
}

using System.Collections.Concurrent;
using System.Diagnostics;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests;

/// <summary>Clients that send attempts to the publisher, and know which of them it has acknowledged and which have gone through the whole chain.</summary>
internal sealed class LedgerLoad : IAsyncDisposable
{
    private const int Clients = 4;

    // Attempts that are acknowledged and not done: kills find work everywhere, and what waits after one is bounded.
    private const int MaxUnderWay = 100;

    // A client's pace, and that of looking for what is done.
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    // The ladder's third rung is ten minutes.
    private static readonly TimeSpan FinishLimit = TimeSpan.FromMinutes(15);

    // Attempts of all loads of a run have different numbers.
    private static long _attempts;

    private readonly LedgerSystem _system;
    private readonly HttpClient _client;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _room = new(MaxUnderWay);
    private readonly ConcurrentDictionary<long, bool> _underWay = new();
    private readonly ConcurrentQueue<long> _acknowledged = new();
    private readonly ConcurrentQueue<long> _attempted = new();
    private readonly Task _clients;
    private long _newestDone;

    /// <summary>Starts.</summary>
    internal LedgerLoad(LedgerSystem system)
    {
        _system = system;
        _client = new HttpClient { BaseAddress = system.Publisher, Timeout = TimeSpan.FromSeconds(30) };
        _clients = Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Task.Run(SendAsync)).Append(Task.Run(WatchAsync)));
    }

    internal IReadOnlyCollection<long> Attempted => _attempted;

    internal IReadOnlyCollection<long> Acknowledged => _acknowledged;

    /// <summary>Returns when so many more are acknowledged.</summary>
    internal Task MoreAcknowledgedAsync(int count)
    {
        var goal = _acknowledged.Count + count;
        return Eventually.GetAsync(() => Task.FromResult(_acknowledged.Count), acknowledged => acknowledged >= goal, Limit);
    }

    /// <summary>How long it takes until an attempt that begins after this call is done.</summary>
    internal async Task<TimeSpan> RecoveryAsync()
    {
        var before = Interlocked.Read(ref _attempts);
        var start = Stopwatch.GetTimestamp();
        await Eventually.GetAsync(() => Task.FromResult(Interlocked.Read(ref _newestDone)), done => done > before, Limit);
        return Stopwatch.GetElapsedTime(start);
    }

    /// <summary>Sends no more, and waits until everything that was acknowledged is done.</summary>
    /// <exception cref="TimeoutException">Something is not.</exception>
    internal async Task FinishAsync()
    {
        await _stop.CancelAsync();
        await _clients;
        await Eventually.GetAsync(async () =>
        {
            await LookAsync();
            return _underWay.Keys;
        }, underWay => underWay.Count == 0, FinishLimit);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _clients;
        _client.Dispose();
        _room.Dispose();
        _stop.Dispose();
    }

    private async Task SendAsync()
    {
        using var pace = new PeriodicTimer(Pace);
        try
        {
            while (await pace.WaitForNextTickAsync(_stop.Token))
            {
                await _room.WaitAsync(_stop.Token);
                if (await AttemptAsync())
                    continue;
                _room.Release();
                await Task.Delay(Pause, _stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The load has ended, between two attempts.
        }
    }

    /// <returns>False when it was not acknowledged: it may have happened or not.</returns>
    private async Task<bool> AttemptAsync()
    {
        var attempt = Interlocked.Increment(ref _attempts);
        _attempted.Enqueue(attempt);
        try
        {
            using var answer = await _client.PostAsync(new Uri($"attempts/{attempt}", UriKind.Relative), null);
            if (!answer.IsSuccessStatusCode)
                return false;
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
        _acknowledged.Enqueue(attempt);
        _underWay[attempt] = true;
        return true;
    }

    private async Task WatchAsync()
    {
        using var pace = new PeriodicTimer(Pause);
        try
        {
            while (await pace.WaitForNextTickAsync(_stop.Token))
                await LookAsync();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The load has ended.
        }
    }

    private async Task LookAsync()
    {
        var done = await _system.TryQueryAsync("SELECT DISTINCT attempt FROM entries WHERE stage = 'done' AND attempt = ANY($1) ORDER BY attempt", row => row.GetInt64(0), _underWay.Keys.ToArray());
        foreach (var attempt in done ?? [])
        {
            if (_underWay.TryRemove(attempt, out _))
                _room.Release();
            Interlocked.Exchange(ref _newestDone, Math.Max(attempt, Interlocked.Read(ref _newestDone)));
        }
    }
}

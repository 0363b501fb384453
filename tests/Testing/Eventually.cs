using System.Diagnostics;
using System.Text.Json;

namespace PhotoPlatform.Testing;

/// <summary>Waits for a state that another process reaches on its own time and announces to nobody: it asks again until it is there.</summary>
public static class Eventually
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>The first value for which the condition holds.</summary>
    /// <exception cref="TimeoutException">It did not hold within the limit; the message has the last value.</exception>
    public static async Task<T> GetAsync<T>(Func<Task<T>> read, Func<T, bool> holds, TimeSpan? limit = null)
    {
        var start = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(Interval);
        for (var value = await read(); ; value = await read())
        {
            if (holds(value))
                return value;
            if (Stopwatch.GetElapsedTime(start) > (limit ?? Limit))
                throw new TimeoutException($"Not reached in {limit ?? Limit}; the last value was: {JsonSerializer.Serialize(value)}");
            await timer.WaitForNextTickAsync();
        }
    }
}

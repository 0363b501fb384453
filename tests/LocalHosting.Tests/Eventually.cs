namespace PhotoPlatform.LocalHosting.Tests;

/// <summary>For what gives no signal, such as the end of somebody else's process.</summary>
internal static class Eventually
{
    public static async Task TrueAsync(Func<bool> condition, TimeSpan limit)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        using var end = new CancellationTokenSource(limit);
        while (!condition())
            await timer.WaitForNextTickAsync(end.Token);
    }
}

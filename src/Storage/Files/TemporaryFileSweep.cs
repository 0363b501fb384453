using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace PhotoPlatform.Storage;

/// <summary>Removes the temporary files of processes that died while they wrote: at the start, and every hour.</summary>
internal sealed class TemporaryFileSweep(FileBlobStore blobs, TimeProvider time, ILogger<TemporaryFileSweep> logger) : BackgroundService
{
    /// <summary>Far beyond what a request or a job may take.</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromHours(1);
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                if (blobs.SweepTemporary(time.GetUtcNow() - MaxAge) is var removed and > 0)
                    logger.LogInformation("Removed {Count} unfinished files older than {MaxAge}", removed, MaxAge);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                logger.LogWarning("Unfinished files were not removed and will be in {Interval}: {Reason}", Interval, exception.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}

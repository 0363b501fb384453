using PhotoPlatform.Messaging;

namespace PhotoPlatform.Users.Background;

/// <summary>Work that waits in a table until somebody takes it. Every replica runs every job; the rows decide who does what.</summary>
internal interface IBackgroundJob
{
    /// <summary>How long to wait when there was nothing to do and nobody calls.</summary>
    static abstract TimeSpan Pause { get; }

    /// <summary>Does the next piece; false when there is none.</summary>
    Task<bool> RunNextAsync(CancellationToken cancellationToken);
}

/// <summary>Wakes a job of this process.</summary>
internal sealed class JobSignal<TJob> : Signal where TJob : IBackgroundJob;

/// <summary>Runs a job, each piece in a scope of its own. When database or storage is away it waits.</summary>
internal sealed class JobRunner<TJob>(IServiceScopeFactory scopes, JobSignal<TJob> signal, TimeProvider time, ILogger<TJob> logger) : BackgroundService where TJob : class, IBackgroundJob
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var inTrouble = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                if (!await ActivatorUtilities.CreateInstance<TJob>(scope.ServiceProvider).RunNextAsync(stoppingToken))
                    await WaitAsync(stoppingToken);
                inTrouble = false;
            }
            catch (Exception exception) when (IsAway(exception))
            {
                if (!inTrouble)
                    logger.LogWarning("{Job} waits: {Reason}", typeof(TJob).Name, exception.Message);
                inTrouble = true;
                await Task.Delay(RetryPause, time, stoppingToken);
            }
        }
    }

    private async Task WaitAsync(CancellationToken stoppingToken)
    {
        using var pause = new CancellationTokenSource(TJob.Pause, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(pause.Token, stoppingToken);
        try
        {
            await signal.WaitAsync(Timeout.InfiniteTimeSpan, either.Token);
        }
        catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
        {
            // The pause is over.
        }
    }

    private static bool IsAway(Exception exception) => exception is IOException || DatabaseAway.Is(exception);
}

/// <summary>Adds jobs.</summary>
internal static class BackgroundJobs
{
    internal static void AddJob<TJob>(this IServiceCollection services) where TJob : class, IBackgroundJob
    {
        services.AddSingleton<JobSignal<TJob>>();
        services.AddHostedService<JobRunner<TJob>>();
    }
}

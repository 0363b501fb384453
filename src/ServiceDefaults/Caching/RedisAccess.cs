using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.CircuitBreaker;
using Polly.Timeout;
using StackExchange.Redis;

namespace PhotoPlatform.ServiceDefaults.Caching;

/// <summary>Redis as what it is here: a cache and a signal. Every call has 250 ms and a breaker; when Redis is away the caller gets the fallback.</summary>
public sealed class RedisAccess : IDisposable
{
    private static readonly TimeSpan DefaultCallLimit = TimeSpan.FromMilliseconds(250);
    private readonly Lazy<Task<ConnectionMultiplexer>> _connection;
    private readonly ResiliencePipeline _pipeline;
    private readonly ILogger _logger;

    /// <param name="connectionString">As StackExchange.Redis takes it.</param>
    /// <param name="logger">Told when Redis goes away and comes back, once each.</param>
    /// <param name="time">Drives the limit and the breaker.</param>
    /// <param name="callLimit">How long a call may take; 250 ms when not given.</param>
    public RedisAccess(string connectionString, ILogger<RedisAccess> logger, TimeProvider time, TimeSpan? callLimit = null)
    {
        _logger = logger;
        var options = ConfigurationOptions.Parse(connectionString);
        options.AbortOnConnectFail = false;
        options.ConnectTimeout = 1000;
        options.SyncTimeout = 250;
        _connection = new(() => ConnectionMultiplexer.ConnectAsync(options));
        _pipeline = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<Exception>(IsAway),
                FailureRatio = 0.5,
                MinimumThroughput = 4,
                SamplingDuration = TimeSpan.FromSeconds(5),
                BreakDuration = TimeSpan.FromSeconds(1),
                OnOpened = _ => Report(LogLevel.Warning, "Redis is away: going on without it"),
                OnClosed = _ => Report(LogLevel.Information, "Redis is back"),
            })
            .AddTimeout(new TimeoutStrategyOptions { Timeout = callLimit ?? DefaultCallLimit })
            .Build();
    }

    /// <summary>Calls Redis, or returns the fallback when it is away or slow.</summary>
    public async ValueTask<T> TryAsync<T>(Func<IDatabase, Task<T>> call, T fallback, CancellationToken cancellationToken)
    {
        try
        {
            return await _pipeline.ExecuteAsync(async token =>
            {
                var connection = await _connection.Value.WaitAsync(token);
                return await call(connection.GetDatabase()).WaitAsync(token);
            }, cancellationToken);
        }
        catch (Exception exception) when (IsAway(exception) || exception is BrokenCircuitException)
        {
            return fallback;
        }
    }

    /// <summary>Subscribes to a channel; the subscription is restored after a reconnect. False when Redis is away now.</summary>
    public async ValueTask<bool> TrySubscribeAsync(string channel, Action<string> received, CancellationToken cancellationToken)
    {
        try
        {
            var connection = await _connection.Value.WaitAsync(cancellationToken);
            await connection.GetSubscriber().SubscribeAsync(channel, (_, value) => received(value!)).WaitAsync(TimeSpan.FromSeconds(2), cancellationToken);
            return true;
        }
        catch (Exception exception) when (IsAway(exception))
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Its threads keep the process alive, also when the process ends while it still connects.
        if (_connection.IsValueCreated)
        {
            _connection.Value.ContinueWith(connected => connected.Result.Dispose(),
                CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private static bool IsAway(Exception exception) =>
        exception is RedisConnectionException or RedisServerException or TimeoutRejectedException or TimeoutException or ObjectDisposedException;

    private ValueTask Report(LogLevel level, string message)
    {
        _logger.Log(level, "{Message}", message);
        return default;
    }
}

/// <summary>Adds Redis.</summary>
public static class RedisExtensions
{
    /// <summary>Adds <see cref="RedisAccess"/> over the connection string <c>redis</c>.</summary>
    public static void AddRedis(this WebApplicationBuilder builder)
    {
        var connectionString = builder.Configuration.Require("ConnectionStrings:redis");
        builder.Services.TryAddSingleton(services => ActivatorUtilities.CreateInstance<RedisAccess>(services, connectionString));
    }
}

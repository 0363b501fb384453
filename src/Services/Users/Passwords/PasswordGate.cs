using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http.HttpResults;

namespace PhotoPlatform.Users.Passwords;

/// <summary>
/// The one way to a hash, which takes about a tenth of a second of a core: as many at once as there are cores, some more wait,
/// and the rest is refused, so that a flood of sign-ins does not pile up in front of everything else.
/// </summary>
internal sealed class PasswordGate(PasswordHasher hasher, int atOnce, int waiting) : IDisposable
{
    private readonly ConcurrencyLimiter _limiter = new(new() { PermitLimit = atOnce, QueueLimit = waiting, QueueProcessingOrder = QueueProcessingOrder.OldestFirst });

    /// <summary>With the settings <c>Passwords:Iterations</c>, <c>Passwords:AtOnce</c> (default: the cores) and <c>Passwords:Waiting</c> (default 64).</summary>
    internal static PasswordGate FromConfiguration(IConfiguration configuration) => new(
        new PasswordHasher(configuration.GetValue("Passwords:Iterations", PasswordHasher.DefaultIterations)),
        configuration.GetValue("Passwords:AtOnce", Environment.ProcessorCount),
        configuration.GetValue("Passwords:Waiting", 64));

    /// <inheritdoc cref="PasswordHasher.Hash"/>
    /// <exception cref="PasswordsBusyException">Too many wait already.</exception>
    internal Task<string> HashAsync(string password, CancellationToken cancellationToken) => RunAsync(() => hasher.Hash(password), cancellationToken);

    /// <inheritdoc cref="PasswordHasher.Verify"/>
    /// <exception cref="PasswordsBusyException">Too many wait already.</exception>
    internal Task<bool> VerifyAsync(string password, string? stored, CancellationToken cancellationToken) => RunAsync(() => hasher.Verify(password, stored), cancellationToken);

    /// <inheritdoc cref="PasswordHasher.IsOutdated"/>
    internal bool IsOutdated(string stored) => hasher.IsOutdated(stored);

    public void Dispose() => _limiter.Dispose();

    private async Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        using var lease = await _limiter.AcquireAsync(1, cancellationToken);
        return lease.IsAcquired ? work() : throw new PasswordsBusyException();
    }
}

/// <summary>More passwords wait to be hashed than may.</summary>
internal sealed class PasswordsBusyException() : Exception("Too many passwords are being checked.");

/// <summary>Answers 503 where passwords cannot be hashed now.</summary>
internal static class PasswordsBusy
{
    internal static RouteHandlerBuilder ChecksPasswords(this RouteHandlerBuilder builder) => builder
        .ProducesProblem(StatusCodes.Status503ServiceUnavailable)
        .AddEndpointFilter(async (context, next) =>
        {
            try
            {
                return await next(context);
            }
            catch (PasswordsBusyException)
            {
                context.HttpContext.Response.Headers.RetryAfter = "2";
                ProblemHttpResult problem = TypedResults.Problem(statusCode: StatusCodes.Status503ServiceUnavailable, detail: "Too many people sign in at this moment. Try again in some seconds.");
                return problem;
            }
        });
}

using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Users.Data;
using PhotoPlatform.Users.Passwords;

namespace PhotoPlatform.Users.Sessions;

/// <summary>The one place that compares passwords: throttled, and after the same work whether or not there is an account.</summary>
internal sealed class PasswordCheck(UsersDb db, Throttling throttling, PasswordGate gate, IHttpContextAccessor context)
{
    /// <summary>Checks a password for an address, and counts the try.</summary>
    /// <exception cref="PasswordsBusyException">Too many passwords are being checked.</exception>
    internal async Task<PasswordVerdict> VerifyAsync(string email, string password, string? stored, CancellationToken cancellationToken)
    {
        var client = ClientAddress.Of(context.HttpContext!);
        if (await throttling.TryAsync(email, client, cancellationToken) is { } wait)
            return new PasswordVerdict(false, wait);
        try
        {
            if (!await gate.VerifyAsync(PasswordText.Normalise(password), stored, cancellationToken))
                return new PasswordVerdict(false, null);
        }
        catch (PasswordsBusyException)
        {
            await throttling.TakeBackAsync(email, client, cancellationToken);
            throw;
        }
        await throttling.SucceededAsync(email, client, cancellationToken);
        return new PasswordVerdict(true, null);
    }

    /// <summary>Checks that the signed-in user knows their password, for what a stolen session must not do.</summary>
    /// <returns>The user, not tracked, with their address; or the answer: 403 naming the field, 429, or 404 when the account is gone.</returns>
    internal async Task<(User? User, string Email, ProblemHttpResult? Problem)> ConfirmAsync(SignedInUser caller, string field, string? password, CancellationToken cancellationToken)
    {
        var user = await db.Users.AsNoTracking().SingleOrDefaultAsync(user => user.Id == caller.Id, cancellationToken);
        var email = await db.EmailOfAsync(caller.Id, cancellationToken);
        if (user is null || email is null)
            return (null, "", TypedResults.Problem(statusCode: StatusCodes.Status404NotFound));

        var verdict = PasswordPolicy.IsPossible(password) ? await VerifyAsync(email, password!, user.PasswordHash, cancellationToken) : new PasswordVerdict(false, null);
        if (verdict.Wait is { } wait)
            return (null, email, TooMany(context.HttpContext!, wait));
        return verdict.Right ? (user, email, null) : (null, email, TypedResults.Problem(new HttpValidationProblemDetails(new Dictionary<string, string[]> { [field] = ["The password is wrong."] })
        {
            Status = StatusCodes.Status403Forbidden,
            Title = "The password is wrong.",
        }));
    }

    /// <summary>The answer to a try that comes too early.</summary>
    internal static ProblemHttpResult TooMany(HttpContext http, TimeSpan wait, string detail = "There were too many wrong tries. Wait before the next one.")
    {
        http.Response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        return TypedResults.Problem(statusCode: StatusCodes.Status429TooManyRequests, detail: detail);
    }
}

/// <summary>What came of a check: right; wrong; or not looked at, and how long to wait.</summary>
internal readonly record struct PasswordVerdict(bool Right, TimeSpan? Wait);

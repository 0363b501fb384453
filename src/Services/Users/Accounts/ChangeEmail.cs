using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Caching;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Users.Data;
using PhotoPlatform.Users.Passwords;
using PhotoPlatform.Users.Sessions;

namespace PhotoPlatform.Users.Accounts;

/// <summary><c>POST /api/users/me/email</c>: asks for another address. It changes when the mail that goes there is answered.</summary>
internal static class ChangeEmail
{
    private const int MailsPerHour = 5;
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    internal sealed record Request(string? Email, string? Password);

    internal static async Task<Results<Accepted, ValidationProblem, ProblemHttpResult>> HandleAsync(
        Request request, SignedInUser caller, HttpContext http, UsersDb db, Outbox<UsersDb> outbox, PasswordCheck passwords, Throttling throttling, TimeProvider time, CancellationToken cancellationToken)
    {
        var email = Login.Normalise(request.Email);
        var errors = new FieldErrors();
        errors.Check("email", Login.IsEmail(email), "Must be an e-mail address, such as ada@example.org.");
        errors.Check("password", PasswordPolicy.IsPossible(request.Password), "Is missing or too long.");
        if (!errors.None)
            return errors.ToProblem();
        var (_, current, problem) = await passwords.ConfirmAsync(caller, "password", request.Password, cancellationToken);
        if (problem is not null)
            return problem;
        if (email == current)
            return TypedResults.Accepted((string?)null);
        // Without this, anybody's mailbox could be flooded from one account.
        if (await throttling.TakeAsync(Throttling.ConfirmKey(caller.Id), MailsPerHour, TimeSpan.FromHours(1), cancellationToken) is { } wait)
            return PasswordCheck.TooMany(http, wait, "Too many addresses were asked for. Wait before the next one.");

        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await db.LockUserAsync(caller.Id, cancellationToken) is not { } user)
            return TypedResults.Problem(statusCode: StatusCodes.Status404NotFound);
        // The same is done for a taken address, whose owner is told instead: neither answer nor time says which it was.
        var owner = await db.Logins.Where(login => login.Email == email)
            .Join(db.Users, login => login.UserId, owner => owner.Id, (_, owner) => new { owner.Id, owner.DisplayName })
            .SingleOrDefaultAsync(cancellationToken);
        var token = await db.ReplaceTokenAsync(TokenPurpose.ConfirmEmail, user.Id, owner is null ? email : null, time.GetUtcNow() + Lifetime, cancellationToken);
        outbox.Publish(owner is null
            ? new MailRequested(user.Id, MailTemplates.ConfirmEmail, email, new Dictionary<string, string> { ["displayName"] = user.DisplayName, ["token"] = token })
            : new MailRequested(owner.Id, MailTemplates.AlreadyRegistered, email, new Dictionary<string, string> { ["displayName"] = owner.DisplayName }));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.Accepted((string?)null);
    }
}

/// <summary><c>POST /api/email-confirmations</c>: the answer to the mail; the address is the account's from now on.</summary>
internal static class ConfirmEmail
{
    internal sealed record Request(string? Token);

    internal static async Task<Results<NoContent, ProblemHttpResult>> HandleAsync(Request request, UsersDb db, Outbox<UsersDb> outbox, TimeProvider time, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (await db.FindTokenAsync(TokenPurpose.ConfirmEmail, request.Token, now, cancellationToken) is not { } token)
            return MailedTokens.Invalid();

        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        // Of two who come with one token, the lock lets one find it.
        if (await db.LockUserAsync(token.UserId, cancellationToken) is not { } user || !await db.UseTokenAsync(token, now, cancellationToken))
            return MailedTokens.Invalid();
        var old = await db.Logins.SingleAsync(login => login.UserId == user.Id, cancellationToken);
        db.Remove(old);
        db.Add(new Login { Email = token.Email!, UserId = user.Id });
        // A link to a new password that lies in the old mailbox opens nothing any more.
        await db.MailedTokens.Where(other => other.UserId == user.Id).ExecuteDeleteAsync(cancellationToken);
        user.Version++;
        user.Revision++;
        outbox.Publish(new UserChanged(user.Id, user.Version, user.Handle, user.DisplayName, token.Email!, now));
        outbox.Publish(new MailRequested(user.Id, MailTemplates.EmailChanged, old.Email, new Dictionary<string, string> { ["displayName"] = user.DisplayName }));
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException exception) when (exception.InnerException is Npgsql.PostgresException { SqlState: Npgsql.PostgresErrorCodes.UniqueViolation })
        {
            // Somebody else has the address by now.
            db.ChangeTracker.Clear();
            return MailedTokens.Invalid();
        }
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.NoContent();
    }
}

/// <summary>The secrets in mails: 256 random bits, good for one use, of which only the hash is kept.</summary>
internal static class MailedTokens
{
    /// <summary>A new token; those before it are void. The caller holds the user's lock and saves.</summary>
    internal static async Task<string> ReplaceTokenAsync(this UsersDb db, TokenPurpose purpose, Guid userId, string? email, DateTimeOffset expiresAt, CancellationToken cancellationToken)
    {
        await db.MailedTokens.Where(token => token.UserId == userId && token.Purpose == purpose).ExecuteDeleteAsync(cancellationToken);
        var secret = Secret.New();
        db.Add(new MailedToken { Hash = SessionCache.HashOf(secret), Purpose = purpose, UserId = userId, Email = email, ExpiresAt = expiresAt });
        return secret;
    }

    /// <summary>The token that a client sent, or null when it is unknown, used or expired.</summary>
    internal static async Task<MailedToken?> FindTokenAsync(this UsersDb db, TokenPurpose purpose, string? secret, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (secret is not { Length: > 0 and <= 100 })
            return null;
        var hash = SessionCache.HashOf(secret);
        return await db.MailedTokens.AsNoTracking().SingleOrDefaultAsync(token => token.Hash == hash && token.Purpose == purpose && token.ExpiresAt > now, cancellationToken);
    }

    /// <summary>Takes the token away; false when somebody else was faster.</summary>
    internal static async Task<bool> UseTokenAsync(this UsersDb db, MailedToken token, DateTimeOffset now, CancellationToken cancellationToken) =>
        await db.MailedTokens.Where(same => same.Hash == token.Hash && same.ExpiresAt > now).ExecuteDeleteAsync(cancellationToken) == 1;

    /// <summary>One answer for a token that is unknown, used or expired.</summary>
    internal static ProblemHttpResult Invalid() => TypedResults.Problem(new HttpValidationProblemDetails(new Dictionary<string, string[]> { ["token"] = ["Is not valid, or not any more. Ask for another mail."] })
    {
        Status = StatusCodes.Status422UnprocessableEntity,
        Title = "This link is not valid, or not any more.",
    });
}

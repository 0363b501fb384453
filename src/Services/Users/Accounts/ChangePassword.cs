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

/// <summary><c>PUT /api/users/me/password</c>: a new password. Every other session ends, for whoever stole the old one may have made one.</summary>
internal static class ChangePassword
{
    internal sealed record Request(string? CurrentPassword, string? NewPassword);

    internal static async Task<Results<NoContent, ValidationProblem, ProblemHttpResult>> HandleAsync(
        Request request, SignedInUser caller, UsersDb db, NewPassword newPassword, PasswordCheck passwords, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        errors.Check("currentPassword", PasswordPolicy.IsPossible(request.CurrentPassword), "Is missing or too long.");
        errors.Check("newPassword", PasswordPolicy.IsPossible(request.NewPassword), "Is missing or too long.");
        if (!errors.None)
            return errors.ToProblem();
        var (user, email, problem) = await passwords.ConfirmAsync(caller, "currentPassword", request.CurrentPassword, cancellationToken);
        if (problem is not null)
            return problem;
        PasswordPolicy.Check(errors, "newPassword", request.NewPassword, email, user!.Handle);
        if (!errors.None)
            return errors.ToProblem();

        // Nothing happens to a password that somebody else has changed meanwhile.
        return await newPassword.SetAsync(user.Id, request.NewPassword!, caller.SessionId, locked => Task.FromResult(locked.PasswordHash == user.PasswordHash), cancellationToken)
            ? TypedResults.NoContent()
            : TypedResults.Problem(statusCode: StatusCodes.Status409Conflict, detail: "The password was changed by somebody else meanwhile.");
    }
}

/// <summary>What follows from a new password, however it came.</summary>
internal sealed class NewPassword(UsersDb db, Outbox<UsersDb> outbox, PasswordGate gate, Throttling throttling, SessionCache cache, TimeProvider time)
{
    /// <summary>Sets the password of a user, ends the sessions but one, voids the tokens in their mailbox, forgets the failed tries, and tells them by mail.</summary>
    /// <param name="userId">Whose.</param>
    /// <param name="password">As it was typed.</param>
    /// <param name="keep">The session that goes on.</param>
    /// <param name="mayGoOnAsync">Decides under the user's lock whether it is still to happen.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False when it may not go on, or there is no such user.</returns>
    /// <exception cref="PasswordsBusyException">Too many passwords are being hashed.</exception>
    internal async Task<bool> SetAsync(Guid userId, string password, Guid? keep, Func<User, Task<bool>> mayGoOnAsync, CancellationToken cancellationToken)
    {
        var hash = await gate.HashAsync(PasswordText.Normalise(password), cancellationToken);
        IReadOnlyList<EndedSession> ended;
        await using (var transaction = await db.Database.BeginTransactionAsync(cancellationToken))
        {
            if (await db.LockUserAsync(userId, cancellationToken) is not { } user || await db.EmailOfAsync(userId, cancellationToken) is not { } email || !await mayGoOnAsync(user))
                return false;
            user.PasswordHash = hash;
            await db.MailedTokens.Where(token => token.UserId == userId).ExecuteDeleteAsync(cancellationToken);
            await throttling.ClearAsync(email, cancellationToken);
            outbox.Publish(new MailRequested(userId, MailTemplates.PasswordChanged, email, new Dictionary<string, string> { ["displayName"] = user.DisplayName }));
            ended = await db.EndAllSessionsAsync(outbox, time, userId, keep, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        await cache.RevokeAsync(ended, cancellationToken);
        return true;
    }
}

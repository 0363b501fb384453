using MassTransit;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.Users.Data;
using PhotoPlatform.Users.Passwords;
using PhotoPlatform.Users.Sessions;

namespace PhotoPlatform.Users.Accounts;

/// <summary>
/// <c>POST /api/password-resets</c>: asks for a mail with the way to a new password. The request does the same for every address, so that its time says nothing either;
/// whether there is an account is looked at afterwards, by <see cref="PasswordResetConsumer"/>.
/// </summary>
internal static class AskForReset
{
    private const int MailsPerHour = 3;

    internal sealed record Request(string? Email);

    internal static async Task<Results<Accepted, ValidationProblem>> HandleAsync(
        Request request, UsersDb db, Outbox<UsersDb> outbox, Throttling throttling, TimeProvider time, CancellationToken cancellationToken)
    {
        var email = Login.Normalise(request.Email);
        var errors = new FieldErrors();
        errors.Check("email", Login.IsEmail(email), "Must be an e-mail address, such as ada@example.org.");
        if (!errors.None)
            return errors.ToProblem();
        if (await throttling.TakeAsync(Throttling.ResetKey(email), MailsPerHour, TimeSpan.FromHours(1), cancellationToken) is null)
        {
            outbox.Send(SendPasswordReset.Queue, new SendPasswordReset(email, time.GetUtcNow()));
            await db.SaveChangesAsync(cancellationToken);
        }
        return TypedResults.Accepted((string?)null);
    }
}

/// <summary>Users tells itself to mail a reset to an address, if it is an account's.</summary>
[PersonalData]
internal sealed record SendPasswordReset(string Email, DateTimeOffset At)
{
    internal const string Queue = "users-send-password-reset";
}

/// <summary>Mails the token, and voids those before it.</summary>
internal sealed class PasswordResetConsumer(UsersDb db, Outbox<UsersDb> outbox) : IConsumer<SendPasswordReset>
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    public async Task Consume(ConsumeContext<SendPasswordReset> context)
    {
        var email = context.Message.Email;
        if (await db.Logins.Where(login => login.Email == email).Select(login => (Guid?)login.UserId).SingleOrDefaultAsync(context.CancellationToken) is not { } owner)
            return;
        await using var transaction = await db.Database.BeginTransactionAsync(context.CancellationToken);
        // The address may have gone to somebody else before the lock was there.
        if (await db.LockUserAsync(owner, context.CancellationToken) is not { } user || await db.EmailOfAsync(user.Id, context.CancellationToken) != email)
            return;
        var token = await db.ReplaceTokenAsync(TokenPurpose.PasswordReset, user.Id, null, context.Message.At + Lifetime, context.CancellationToken);
        outbox.Publish(new MailRequested(user.Id, MailTemplates.PasswordReset, email, new Dictionary<string, string> { ["displayName"] = user.DisplayName, ["token"] = token }));
        await db.SaveChangesAsync(context.CancellationToken);
        await transaction.CommitAsync(context.CancellationToken);
    }
}

/// <summary><c>POST /api/password-resets/complete</c>: the answer to the mail: a new password, and every session ends.</summary>
internal static class CompleteReset
{
    internal sealed record Request(string? Token, string? NewPassword);

    internal static async Task<Results<NoContent, ValidationProblem, ProblemHttpResult>> HandleAsync(
        Request request, UsersDb db, NewPassword newPassword, TimeProvider time, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (await db.FindTokenAsync(TokenPurpose.PasswordReset, request.Token, now, cancellationToken) is not { } token
            || await db.Users.AsNoTracking().SingleOrDefaultAsync(user => user.Id == token.UserId, cancellationToken) is not { } user
            || await db.EmailOfAsync(token.UserId, cancellationToken) is not { } email)
            return MailedTokens.Invalid();
        var errors = new FieldErrors();
        PasswordPolicy.Check(errors, "newPassword", request.NewPassword, email, user.Handle);
        if (!errors.None)
            return errors.ToProblem();
        return await newPassword.SetAsync(token.UserId, request.NewPassword!, null, _ => db.UseTokenAsync(token, now, cancellationToken), cancellationToken)
            ? TypedResults.NoContent()
            : MailedTokens.Invalid();
    }
}

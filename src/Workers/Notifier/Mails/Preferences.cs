using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Notifier.Accounts;
using PhotoPlatform.Notifier.Data;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Identity;

namespace PhotoPlatform.Notifier.Mails;

/// <summary><c>/api/notifications/mail-preferences</c>: which mails the caller wants, of those that are not about the account itself. At first: all.</summary>
internal static class Preferences
{
    /// <param name="Followed">New followers; at most one mail a day.</param>
    /// <param name="PhotoProblems">Photos that were rejected or failed; at most one mail a day.</param>
    internal sealed record Response(bool Followed, bool PhotoProblems);

    /// <param name="Followed">As in <see cref="Response"/>.</param>
    /// <param name="PhotoProblems">As in <see cref="Response"/>.</param>
    internal sealed record Request(bool? Followed, bool? PhotoProblems);

    internal static async Task<Ok<Response>> GetAsync(SignedInUser user, NotifierDb db, CancellationToken cancellationToken)
    {
        var preferences = await db.MailPreferences.AsNoTracking().SingleOrDefaultAsync(row => row.UserId == user.Id, cancellationToken);
        return TypedResults.Ok(new Response(preferences?.Followed ?? true, preferences?.PhotoProblems ?? true));
    }

    internal static async Task<Results<Ok<Response>, ValidationProblem, ProblemHttpResult>> PutAsync(Request request, SignedInUser user, Account account, NotifierDb db, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        errors.Check("followed", request.Followed is not null, "Must be true or false.");
        errors.Check("photoProblems", request.PhotoProblems is not null, "Must be true or false.");
        if (!errors.None)
            return errors.ToProblem();

        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        // The gateway may take a session of a deleted user for live for a moment.
        if (!await account.IsOpenAsync(user.Id, cancellationToken))
            return TypedResults.Problem(statusCode: StatusCodes.Status401Unauthorized, detail: "Sign in first.");
        await db.Database.ExecuteSqlAsync($"""
            INSERT INTO mail_preferences (user_id, followed, photo_problems) VALUES ({user.Id}, {request.Followed}, {request.PhotoProblems})
            ON CONFLICT (user_id) DO UPDATE SET followed = excluded.followed, photo_problems = excluded.photo_problems
            """, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.Ok(new Response(request.Followed!.Value, request.PhotoProblems!.Value));
    }
}

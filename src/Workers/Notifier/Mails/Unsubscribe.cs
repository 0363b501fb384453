using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Notifier.Accounts;
using PhotoPlatform.Notifier.Data;
using PhotoPlatform.ServiceDefaults;

namespace PhotoPlatform.Notifier.Mails;

/// <summary><c>/api/mail/unsubscribe</c>: ends mails of one kind with the link from such a mail, without a session (RFC 8058).</summary>
internal static class Unsubscribe
{
    /// <param name="Category">What is not mailed any more: <c>followed</c> or <c>photoProblems</c>.</param>
    internal sealed record Response(string Category);

    private sealed record Request(string? Token);

    /// <summary>
    /// <c>POST</c>: does it. From a mail program <c>?token=</c> with the form <c>List-Unsubscribe=One-Click</c> of either encoding; from the web application JSON with the token,
    /// which so stands in no address.
    /// </summary>
    internal static async Task<Results<Ok<Response>, NotFound, ValidationProblem>> PostAsync(
        HttpContext http, UnsubscribeLinks links, Account account, NotifierDb db, CancellationToken cancellationToken, string? token = null)
    {
        var errors = new FieldErrors();
        if (http.Request.HasJsonContentType())
            token = await JsonTokenAsync(http.Request, errors, cancellationToken);
        else
            errors.Check("List-Unsubscribe", await IsOneClickAsync(http.Request, cancellationToken), "Must be One-Click, in a form.");
        errors.Check("token", !string.IsNullOrEmpty(token), "Must be the one from the mail.");
        if (!errors.None)
            return errors.ToProblem();
        if (links.Read(token) is not var (user, category))
            return TypedResults.NotFound();

        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        // Of an account that is gone there is nothing to end, and nothing may be left.
        if (await account.IsOpenAsync(user, cancellationToken) && await db.Recipients.AnyAsync(row => row.UserId == user, cancellationToken))
        {
            var (followed, photoProblems) = (category != MailCategory.Followed, category != MailCategory.PhotoProblems);
            await db.Database.ExecuteSqlAsync($"""
                INSERT INTO mail_preferences (user_id, followed, photo_problems) VALUES ({user}, {followed}, {photoProblems})
                ON CONFLICT (user_id) DO UPDATE SET followed = mail_preferences.followed AND excluded.followed, photo_problems = mail_preferences.photo_problems AND excluded.photo_problems
                """, cancellationToken);
        }
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.Ok(new Response(category == MailCategory.Followed ? "followed" : "photoProblems"));
    }

    /// <summary><c>GET</c>: changes nothing, for scanners open every link in a mail; leads people to the page that asks.</summary>
    internal static Results<StatusCodeHttpResult, NotFound> Get(HttpContext http, UnsubscribeLinks links, string? token = null)
    {
        if (links.Read(token) is not var (user, category))
            return TypedResults.NotFound();
        (http.Response.Headers.CacheControl, http.Response.Headers.Location) = ("no-store", links.Page(user, category).AbsoluteUri);
        return TypedResults.StatusCode(StatusCodes.Status303SeeOther);
    }

    private static async Task<bool> IsOneClickAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (!request.HasFormContentType)
            return false;
        try
        {
            return (await request.ReadFormAsync(cancellationToken))["List-Unsubscribe"] == "One-Click";
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    private static async Task<string?> JsonTokenAsync(HttpRequest request, FieldErrors errors, CancellationToken cancellationToken)
    {
        try
        {
            return (await request.ReadFromJsonAsync<Request>(cancellationToken))?.Token;
        }
        catch (JsonException)
        {
            errors.Check("token", false, "Must be the one from the mail, in JSON.");
            return null;
        }
    }
}

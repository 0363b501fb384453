using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Notifier.Data;

namespace PhotoPlatform.Notifier.Mails;

/// <summary><c>GET /internal/mails</c>: for operators.</summary>
internal static class MailState
{
    private const int CountLimit = 10_000;

    /// <param name="Waiting">Mails to send; counted up to 10,000.</param>
    /// <param name="OldestWaitingSeconds">Since when the oldest of the first 10,000 waits, or null.</param>
    /// <param name="GivenUp">Mails of the last week that were not sent; counted up to 10,000.</param>
    internal sealed record Response(int Waiting, double? OldestWaitingSeconds, int GivenUp);

    internal static async Task<Ok<Response>> GetAsync(NotifierDb db, TimeProvider time, CancellationToken cancellationToken)
    {
        var waiting = await db.Mails.Where(mail => mail.DoneAt == null).OrderBy(mail => mail.NextAttemptAt).Take(CountLimit)
            .GroupBy(_ => 1).Select(all => new { Count = all.Count(), Oldest = all.Min(mail => mail.CreatedAt) }).SingleOrDefaultAsync(cancellationToken);
        var givenUp = await db.Mails.Where(mail => mail.DoneAt != null && mail.Failed).Take(CountLimit).CountAsync(cancellationToken);
        return TypedResults.Ok(new Response(waiting?.Count ?? 0, waiting is null ? null : (time.GetUtcNow() - waiting.Oldest).TotalSeconds, givenUp));
    }
}

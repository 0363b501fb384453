using System.Diagnostics;
using PhotoPlatform.Messaging.Consuming;
using PhotoPlatform.Notifier.Data;

namespace PhotoPlatform.Notifier.Mails;

/// <summary>Notes a mail in the consumer's transaction; the sender takes it from there, so that no transaction waits for a mail server.</summary>
internal sealed class MailQueue(NotifierDb db, AfterCommit afterCommit, MailSignal signal, TimeProvider time)
{
    /// <param name="messageId">Of the message that asks for it.</param>
    /// <param name="userId">Whose account it is about; null when that is gone.</param>
    /// <param name="to">The recipient.</param>
    /// <param name="content">What it says.</param>
    /// <param name="cancellationToken">Ends the transaction's work.</param>
    /// <param name="actorId">Another user whom it names.</param>
    internal async Task AddAsync(Guid messageId, Guid? userId, string to, MailContent content, CancellationToken cancellationToken, Guid? actorId = null)
    {
        var now = time.GetUtcNow();
        db.Add(new Mail
        {
            Id = messageId,
            UserId = userId,
            ActorId = actorId,
            Template = content.Template,
            To = to,
            Subject = content.Subject,
            Text = content.ToText(),
            Html = content.ToHtml(),
            Unsubscribe = content.Unsubscribe?.AbsoluteUri,
            TraceParent = Activity.Current?.Id,
            CreatedAt = now,
            NextAttemptAt = now,
        });
        await db.SaveChangesAsync(cancellationToken);
        afterCommit.Do(signal.Set);
    }
}

using System.Diagnostics;
using MassTransit;
using PhotoPlatform.Contracts;
using PhotoPlatform.Messaging;
using PhotoPlatform.Messaging.Consuming;
using PhotoPlatform.Notifier.Data;

namespace PhotoPlatform.Notifier.Mails;

/// <summary>Greets a new user.</summary>
internal sealed class UserRegisteredConsumer(MailQueue queue, MailSettings settings) : IConsumer<UserRegistered>
{
    public Task Consume(ConsumeContext<UserRegistered> context) => queue.AddAsync(
        context.MessageId!.Value, context.Message.Email, MailText.Welcome(context.Message.DisplayName, context.Message.Handle, settings.PublicUrl), context.CancellationToken);
}

/// <summary>Sends what another service asks for.</summary>
internal sealed class MailRequestedConsumer(MailQueue queue, MailSettings settings) : IConsumer<MailRequested>
{
    public Task Consume(ConsumeContext<MailRequested> context) => queue.AddAsync(
        context.MessageId!.Value, context.Message.To, MailText.Of(context.Message, settings.PublicUrl), context.CancellationToken);
}

/// <summary>Notes a mail in the consumer's transaction; the sender takes it from there, so that no transaction waits for a mail server.</summary>
internal sealed class MailQueue(NotifierDb db, AfterCommit afterCommit, MailSignal signal, TimeProvider time)
{
    internal async Task AddAsync(Guid messageId, string to, MailText text, CancellationToken cancellationToken)
    {
        db.Add(new Mail { Id = messageId, To = to, Subject = text.Subject, Text = text.Text, TraceParent = Activity.Current?.Id, NextAttemptAt = time.GetUtcNow() });
        await db.SaveChangesAsync(cancellationToken);
        afterCommit.Do(signal.Set);
    }
}

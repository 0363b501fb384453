using MassTransit;
using PhotoPlatform.Contracts;
using PhotoPlatform.Notifier.Accounts;
using PhotoPlatform.Notifier.Data;

namespace PhotoPlatform.Notifier.Mails;

/// <summary>Sends what Users asks for, whatever the recipient's preferences. To a user who was deleted only the word that they were, which belongs to no account any more.</summary>
internal sealed class MailRequestedConsumer(NotifierDb db, Account account, MailQueue queue, MailTexts texts) : IConsumer<MailRequested>
{
    public async Task Consume(ConsumeContext<MailRequested> context)
    {
        var (request, content) = (context.Message, texts.Of(context.Message));
        var farewell = request.Template == MailTemplates.AccountDeleted;
        await using var transaction = await db.Database.BeginTransactionAsync(context.CancellationToken);
        if (farewell || await account.IsOpenAsync(request.UserId, context.CancellationToken))
            await queue.AddAsync(context.MessageId!.Value, farewell ? null : request.UserId, request.To, content, context.CancellationToken);
        await transaction.CommitAsync(context.CancellationToken);
    }
}

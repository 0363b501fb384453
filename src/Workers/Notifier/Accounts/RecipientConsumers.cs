using MassTransit;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.Notifier.Data;
using PhotoPlatform.Notifier.Mails;

namespace PhotoPlatform.Notifier.Accounts;

/// <summary>Notes how to write to a new user, and greets them.</summary>
internal sealed class UserRegisteredConsumer(Account account, NotifierDb db, MailQueue queue, MailTexts texts) : IConsumer<UserRegistered>
{
    public async Task Consume(ConsumeContext<UserRegistered> context)
    {
        var user = context.Message;
        await using var transaction = await db.Database.BeginTransactionAsync(context.CancellationToken);
        if (!await account.IsOpenAsync(user.UserId, context.CancellationToken))
            return;
        await db.PutRecipientAsync(user.UserId, 0, user.Handle, user.DisplayName, user.Email, context.CancellationToken);
        await queue.AddAsync(context.MessageId!.Value, user.UserId, user.Email, texts.Welcome(user.DisplayName, user.Handle), context.CancellationToken);
        await transaction.CommitAsync(context.CancellationToken);
    }
}

/// <summary>Notes a user's new name or address.</summary>
internal sealed class UserChangedConsumer(Account account, NotifierDb db) : IConsumer<UserChanged>
{
    public async Task Consume(ConsumeContext<UserChanged> context)
    {
        var user = context.Message;
        await using var transaction = await db.Database.BeginTransactionAsync(context.CancellationToken);
        if (await account.IsOpenAsync(user.UserId, context.CancellationToken))
            await db.PutRecipientAsync(user.UserId, user.Version, user.Handle, user.DisplayName, user.Email, context.CancellationToken);
        await transaction.CommitAsync(context.CancellationToken);
    }
}

internal static class Recipients
{
    /// <summary>Whatever the order of the messages, the highest version holds.</summary>
    internal static Task PutRecipientAsync(this NotifierDb db, Guid userId, long version, string handle, string displayName, string email, CancellationToken cancellationToken) =>
        db.Database.ExecuteSqlAsync($"""
            INSERT INTO recipients (user_id, version, handle, display_name, email) VALUES ({userId}, {version}, {handle}, {displayName}, {email})
            ON CONFLICT (user_id) DO UPDATE SET version = excluded.version, handle = excluded.handle, display_name = excluded.display_name, email = excluded.email
            WHERE recipients.version < excluded.version
            """, cancellationToken);
}

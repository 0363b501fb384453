using MassTransit;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Messaging;
using PhotoPlatform.Messaging.Consuming;

namespace PhotoPlatform.Media.Accounts;

/// <summary>Notes that an export's part is wanted. It is written by <see cref="ExportWriter"/>, since a consumer's transaction would be open all the while.</summary>
internal sealed class ExportRequestedConsumer(MediaDb db, AfterCommit afterCommit, ExportSignal signal, TimeProvider time) : IConsumer<ExportRequested>
{
    public async Task Consume(ConsumeContext<ExportRequested> context)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(context.CancellationToken);
        var message = context.Message;
        await db.Database.ExecuteSqlAsync($"""
            INSERT INTO export_jobs (export_id, user_id, free_at, attempts)
            SELECT {message.ExportId}, {message.UserId}, {time.GetUtcNow()}, 0 WHERE NOT EXISTS (SELECT FROM owners WHERE user_id = {message.UserId} AND closed_at IS NOT NULL)
            ON CONFLICT DO NOTHING
            """, context.CancellationToken);
        await transaction.CommitAsync(context.CancellationToken);
        afterCommit.Do(signal.Set);
    }
}

/// <summary>Wakes this process's <see cref="ExportWriter"/>.</summary>
internal sealed class ExportSignal : Signal;

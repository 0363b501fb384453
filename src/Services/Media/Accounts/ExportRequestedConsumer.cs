using MassTransit;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.Media.Data;
using PhotoPlatform.Messaging;

namespace PhotoPlatform.Media.Accounts;

/// <summary>Notes that an export's part is wanted. It is written by <see cref="ExportWriter"/>, one at a time and for as long as it takes: a consumer would hold its message all the while.</summary>
internal sealed class ExportRequestedConsumer(MediaDb db, ExportSignal signal, TimeProvider time) : IConsumer<ExportRequested>
{
    public async Task Consume(ConsumeContext<ExportRequested> context)
    {
        var message = context.Message;
        await using var transaction = await db.Database.BeginTransactionAsync(context.CancellationToken);
        await db.Database.ExecuteSqlAsync($"""
            INSERT INTO export_jobs (export_id, user_id, free_at, attempts)
            SELECT {message.ExportId}, {message.UserId}, {time.GetUtcNow()}, 0 WHERE NOT EXISTS (SELECT FROM owners WHERE user_id = {message.UserId} AND closed_at IS NOT NULL)
            ON CONFLICT DO NOTHING
            """, context.CancellationToken);
        await transaction.CommitAsync(context.CancellationToken);
        signal.Set();
    }
}

/// <summary>Wakes this process's <see cref="ExportWriter"/>.</summary>
internal sealed class ExportSignal : Signal;

using MassTransit;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.Messaging;
using PhotoPlatform.Storage;
using PhotoPlatform.Users.Background;
using PhotoPlatform.Users.Data;

namespace PhotoPlatform.Users.Exports;

/// <summary>Notes a part of an export; with the last one it can be built. The part of an export that is over, or whose account is gone, is removed.</summary>
internal sealed class ExportPartWrittenConsumer(UsersDb db, IBlobStore blobs, JobSignal<ExportBuilder> builder) : IConsumer<ExportPartWritten>
{
    public async Task Consume(ConsumeContext<ExportPartWritten> context)
    {
        var part = context.Message;
        if (await NoteAsync(part, context.CancellationToken))
            builder.Set();
        else
            await blobs.DeleteFolderAsync(Export.FolderOf(part.ExportId), context.CancellationToken);
    }

    /// <returns>False when nobody waits for it.</returns>
    private async Task<bool> NoteAsync(ExportPartWritten part, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var export = await db.Exports.FromSql($"SELECT * FROM exports WHERE id = {part.ExportId} AND user_id = {part.UserId} FOR NO KEY UPDATE").SingleOrDefaultAsync(cancellationToken);
        if (export is null or { State: ExportState.Failed or ExportState.Expired })
            return false;
        switch (part.Service)
        {
            case "media":
                export.MediaManifest ??= part.Manifest;
                break;
            case "notifier":
                export.NotifierManifest ??= part.Manifest;
                break;
            default:
                throw new PermanentException("unknown-service", $"An export has no part of '{part.Service}'.");
        }
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }
}

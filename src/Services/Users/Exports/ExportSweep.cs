using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Storage;
using PhotoPlatform.Users.Data;

namespace PhotoPlatform.Users.Exports;

/// <summary>Gives up exports whose parts do not come, removes archives that have expired, and later their rows. Blobs go before the row that knows of them.</summary>
internal sealed class ExportSweep(UsersDb db, IBlobStore blobs, TimeProvider time)
{
    internal static readonly TimeSpan PartsLimit = TimeSpan.FromHours(1);

    /// <summary>How long an archive can be fetched, and then how long its row tells that it expired.</summary>
    internal static readonly TimeSpan Kept = TimeSpan.FromDays(7);

    private const int Batch = 100;

    /// <returns>How many exports it changed.</returns>
    internal async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var tooLate = now - PartsLimit;
        var changed = 0;
        var late = await db.Exports.AsNoTracking()
            .Where(export => export.State == ExportState.Pending && export.CreatedAt < tooLate && (export.MediaManifest == null || export.NotifierManifest == null))
            .OrderBy(export => export.LeaseUntil).Select(export => export.Id).Take(Batch).ToListAsync(cancellationToken);
        foreach (var id in late)
        {
            // First the state: a part that comes later is then removed by whoever hears of it.
            changed += await db.Exports.Where(export => export.Id == id && export.State == ExportState.Pending).ExecuteUpdateAsync(set => set
                .SetProperty(export => export.State, ExportState.Failed).SetProperty(export => export.LeaseId, (Guid?)null).SetProperty(export => export.ExpiresAt, now + Kept), cancellationToken);
            await blobs.DeleteFolderAsync(Export.FolderOf(id), cancellationToken);
        }

        var expired = await db.Exports.AsNoTracking().Where(export => export.State != ExportState.Pending && export.ExpiresAt < now)
            .OrderBy(export => export.ExpiresAt).Select(export => new { export.Id, export.State }).Take(Batch).ToListAsync(cancellationToken);
        foreach (var export in expired)
        {
            await blobs.DeleteFolderAsync(Export.FolderOf(export.Id), cancellationToken);
            var row = db.Exports.Where(same => same.Id == export.Id && same.State == export.State && same.ExpiresAt < now);
            changed += export.State == ExportState.Ready
                ? await row.ExecuteUpdateAsync(set => set.SetProperty(same => same.State, ExportState.Expired).SetProperty(same => same.BlobKey, (string?)null)
                    .SetProperty(same => same.ExpiresAt, now + Kept), cancellationToken)
                : await row.ExecuteDeleteAsync(cancellationToken);
        }
        return changed;
    }
}

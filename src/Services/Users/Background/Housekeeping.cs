using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Storage;
using PhotoPlatform.Users.Data;
using PhotoPlatform.Users.Exports;
using PhotoPlatform.Users.Sessions;

namespace PhotoPlatform.Users.Background;

/// <summary>Removes what is over, some rows at a time, so that no statement takes long and no lock is held for long.</summary>
internal sealed class Housekeeping(UsersDb db, IBlobStore blobs, TimeProvider time) : IBackgroundJob
{
    private const int Batch = 1_000;

    // Longer than a message can be on its way: an inbox refuses older ones.
    private static readonly TimeSpan DeletedPhotosKept = TimeSpan.FromDays(9);
    private static readonly TimeSpan ClosedAccountsKept = TimeSpan.FromHours(1);

    public static TimeSpan Pause => TimeSpan.FromMinutes(1);

    public async Task<bool> RunNextAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var removed = await db.Sessions.Where(row => db.Sessions.Where(old => old.ExpiresAt < now).OrderBy(old => old.ExpiresAt).Take(Batch).Select(old => old.Id).Contains(row.Id))
            .ExecuteDeleteAsync(cancellationToken);
        removed += await db.MailedTokens.Where(row => db.MailedTokens.Where(old => old.ExpiresAt < now).OrderBy(old => old.ExpiresAt).Take(Batch).Select(old => old.Hash).Contains(row.Hash))
            .ExecuteDeleteAsync(cancellationToken);
        var forgotten = now - Throttling.Memory;
        removed += await db.Throttles.Where(row => db.Throttles.Where(old => old.Since < forgotten && old.Until < now).OrderBy(old => old.Since).Take(Batch).Select(old => old.Key).Contains(row.Key))
            .ExecuteDeleteAsync(cancellationToken);
        var deleted = now - DeletedPhotosKept;
        removed += await db.DeletedPhotos.Where(row => db.DeletedPhotos.Where(old => old.At < deleted).OrderBy(old => old.At).Take(Batch).Select(old => old.PhotoId).Contains(row.PhotoId))
            .ExecuteDeleteAsync(cancellationToken);
        var closed = now - ClosedAccountsKept;
        removed += await db.ClosedAccounts.Where(row => row.DoneAt != null && row.ClosedAt < closed).ExecuteDeleteAsync(cancellationToken);
        removed += await new ExportSweep(db, blobs, time).RunAsync(cancellationToken);
        return removed >= Batch;
    }
}

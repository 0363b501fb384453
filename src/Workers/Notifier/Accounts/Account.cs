using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Notifier.Data;

namespace PhotoPlatform.Notifier.Accounts;

/// <summary>Whether rows about a user may be written. What is written in the same transaction is committed before the account's deletion begins, or not at all.</summary>
internal sealed class Account(NotifierDb db)
{
    /// <summary>False when the user was deleted. Until the transaction ends a deletion waits.</summary>
    internal async Task<bool> IsOpenAsync(Guid userId, CancellationToken cancellationToken)
    {
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock_shared(hashtextextended({userId.ToString("D")}, 0))", cancellationToken);
        // A statement of its own: it must see what was committed while the one before waited.
        return !await db.DeletedUsers.AnyAsync(user => user.UserId == userId, cancellationToken);
    }

    /// <summary>Waits for the transactions that write about the user, and lets no other begin until this one ends.</summary>
    internal Task LockOutAsync(Guid userId, CancellationToken cancellationToken) =>
        db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended({userId.ToString("D")}, 0))", cancellationToken);
}

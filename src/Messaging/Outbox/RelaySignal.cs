using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace PhotoPlatform.Messaging.Outbox;

/// <summary>Wakes the relay of this process after a commit, so that a message leaves at once instead of at the next poll.</summary>
internal sealed class RelaySignal : Signal;

/// <summary>Sets the signal after each commit of a context.</summary>
internal sealed class RelaySignalInterceptor(RelaySignal signal) : SaveChangesInterceptor, IDbTransactionInterceptor
{
    public override ValueTask<int> SavedChangesAsync(SaveChangesCompletedEventData eventData, int result, CancellationToken cancellationToken = default)
    {
        SetUnlessInTransaction(eventData.Context);
        return ValueTask.FromResult(result);
    }

    public override int SavedChanges(SaveChangesCompletedEventData eventData, int result)
    {
        SetUnlessInTransaction(eventData.Context);
        return result;
    }

    public void TransactionCommitted(DbTransaction transaction, TransactionEndEventData eventData) => signal.Set();

    public Task TransactionCommittedAsync(DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        signal.Set();
        return Task.CompletedTask;
    }

    private void SetUnlessInTransaction(DbContext? context)
    {
        if (context?.Database.CurrentTransaction is null)
            signal.Set();
    }
}

using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace PhotoPlatform.Messaging.Outbox;

/// <summary>Wakes the relay of this process after a commit, so that a message leaves at once instead of at the next poll.</summary>
internal sealed class RelaySignal : Signal;

/// <summary>Sets the signal after each commit of a scope's context that has messages in it.</summary>
internal sealed class RelaySignalInterceptor(RelaySignal signal) : SaveChangesInterceptor, IDbTransactionInterceptor
{
    private bool _published;

    public override InterceptionResult<int> SavingChanges(DbContextEventData eventData, InterceptionResult<int> result)
    {
        _published |= UnsavedMessages.CountIn(eventData.Context) > 0;
        return result;
    }

    public override ValueTask<InterceptionResult<int>> SavingChangesAsync(DbContextEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(SavingChanges(eventData, result));

    public override int SavedChanges(SaveChangesCompletedEventData eventData, int result)
    {
        if (eventData.Context?.Database.CurrentTransaction is null)
            Committed();
        return result;
    }

    public override ValueTask<int> SavedChangesAsync(SaveChangesCompletedEventData eventData, int result, CancellationToken cancellationToken = default) => ValueTask.FromResult(SavedChanges(eventData, result));

    public void TransactionCommitted(DbTransaction transaction, TransactionEndEventData eventData) => Committed();

    public Task TransactionCommittedAsync(DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        Committed();
        return Task.CompletedTask;
    }

    private void Committed()
    {
        if (!_published)
            return;
        _published = false;
        signal.Set();
    }
}

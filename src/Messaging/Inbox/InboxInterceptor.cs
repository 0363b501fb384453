using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;
using PhotoPlatform.Messaging.Outbox;

namespace PhotoPlatform.Messaging.Inbox;

/// <summary>
/// Writes a consumed message's inbox row where the consumer's effect is written: into its save, or at the start of its transaction. What would be neither is an error,
/// since a crash after it would repeat it. Nor is a transaction committed without the messages that were published in it.
/// </summary>
internal sealed class InboxInterceptor(InboxTicket ticket) : SaveChangesInterceptor, IDbTransactionInterceptor, IDbCommandInterceptor
{
    private DbContext? _saving;

    public override InterceptionResult<int> SavingChanges(DbContextEventData eventData, InterceptionResult<int> result)
    {
        _saving = eventData.Context;
        if (ticket.IsOf(eventData.Context))
            Join(eventData.Context!);
        return result;
    }

    public override ValueTask<InterceptionResult<int>> SavingChangesAsync(DbContextEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(SavingChanges(eventData, result));

    public override int SavedChanges(SaveChangesCompletedEventData eventData, int result)
    {
        _saving = null;
        if (ticket.IsOf(eventData.Context))
        {
            ticket.Uncommitted |= ticket.State == InboxState.InTransaction && result > 0;
            if (ticket.State == InboxState.InSave)
                ticket.State = InboxState.Done;
        }
        return result;
    }

    public override ValueTask<int> SavedChangesAsync(SaveChangesCompletedEventData eventData, int result, CancellationToken cancellationToken = default) => ValueTask.FromResult(SavedChanges(eventData, result));

    public override void SaveChangesFailed(DbContextErrorEventData eventData) => Leave(eventData.Context);

    public override Task SaveChangesFailedAsync(DbContextErrorEventData eventData, CancellationToken cancellationToken = default)
    {
        Leave(eventData.Context);
        return Task.CompletedTask;
    }

    public override void SaveChangesCanceled(DbContextEventData eventData) => Leave(eventData.Context);

    public override Task SaveChangesCanceledAsync(DbContextEventData eventData, CancellationToken cancellationToken = default)
    {
        Leave(eventData.Context);
        return Task.CompletedTask;
    }

    private void Join(DbContext db)
    {
        switch (ticket.State)
        {
            case InboxState.InTransaction when db.Database.CurrentTransaction is null && ticket.Uncommitted:
                throw NotCommitted();
            case InboxState.Open or InboxState.InTransaction when db.Database.CurrentTransaction is null:
                db.Add(ticket.Entry!);
                ticket.State = InboxState.InSave;
                break;
            case InboxState.Done when db.ChangeTracker.HasChanges():
                throw Twice();
        }
    }

    /// <summary>After a save that failed the consumer may do something else.</summary>
    private void Leave(DbContext? db)
    {
        _saving = null;
        if (!ticket.IsOf(db) || ticket.State != InboxState.InSave)
            return;
        db!.Entry(ticket.Entry!).State = EntityState.Detached;
        ticket.State = InboxState.Open;
    }

    public async ValueTask<DbTransaction> TransactionStartedAsync(DbConnection connection, TransactionEndEventData eventData, DbTransaction result, CancellationToken cancellationToken = default)
    {
        if (!ticket.IsOf(eventData.Context) || ticket.State == InboxState.InSave)
            return result;
        if (ticket.State == InboxState.Done)
            throw Twice();
        if (!await InboxStore.TryAddAsync((NpgsqlConnection)connection, ticket.Entry!, cancellationToken))
            throw new DuplicateMessageException();
        ticket.State = InboxState.InTransaction;
        return result;
    }

    public DbTransaction TransactionStarted(DbConnection connection, TransactionEndEventData eventData, DbTransaction result) =>
        ticket.IsOf(eventData.Context) && ticket.State != InboxState.InSave ? throw new InvalidOperationException("A consumer begins its transaction with BeginTransactionAsync.") : result;

    public InterceptionResult TransactionCommitting(DbTransaction transaction, TransactionEventData eventData, InterceptionResult result)
    {
        // The transaction that a save makes for itself is part of it.
        if (!ReferenceEquals(_saving, eventData.Context) && UnsavedMessages.CountIn(eventData.Context) is > 0 and var unsaved)
            throw new InvalidOperationException(UnsavedMessages.Describe(unsaved));
        return result;
    }

    public ValueTask<InterceptionResult> TransactionCommittingAsync(DbTransaction transaction, TransactionEventData eventData, InterceptionResult result, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(TransactionCommitting(transaction, eventData, result));

    public Task TransactionCommittedAsync(DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        TransactionCommitted(transaction, eventData);
        return Task.CompletedTask;
    }

    public void TransactionCommitted(DbTransaction transaction, TransactionEndEventData eventData)
    {
        if (ticket.IsOf(eventData.Context) && ticket.State == InboxState.InTransaction)
            (ticket.State, ticket.Uncommitted) = (InboxState.Done, false);
    }

    public Task TransactionRolledBackAsync(DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        TransactionRolledBack(transaction, eventData);
        return Task.CompletedTask;
    }

    /// <summary>Rolled back by a call, not by leaving: the consumer meant it.</summary>
    public void TransactionRolledBack(DbTransaction transaction, TransactionEndEventData eventData)
    {
        if (ticket.IsOf(eventData.Context) && ticket.State == InboxState.InTransaction)
            (ticket.State, ticket.Uncommitted) = (InboxState.Open, false);
    }

    public ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default)
    {
        Check(command, eventData);
        return ValueTask.FromResult(result);
    }

    public InterceptionResult<DbDataReader> ReaderExecuting(DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result)
    {
        Check(command, eventData);
        return result;
    }

    public ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
    {
        Check(command, eventData);
        return ValueTask.FromResult(result);
    }

    public InterceptionResult<int> NonQueryExecuting(DbCommand command, CommandEventData eventData, InterceptionResult<int> result)
    {
        Check(command, eventData);
        return result;
    }

    /// <summary>Changes and locks outside a transaction would be committed, or gone, before the inbox row is written.</summary>
    private void Check(DbCommand command, CommandEventData eventData)
    {
        if (!ticket.IsOf(eventData.Context) || eventData.CommandSource is CommandSource.SaveChanges)
            return;
        var text = command.CommandText.AsSpan().TrimStart();
        var byStatement = eventData.CommandSource is CommandSource.ExecuteUpdate or CommandSource.ExecuteDelete or CommandSource.ExecuteSqlRaw;
        if (eventData.Context!.Database.CurrentTransaction is not null)
        {
            // A statement that only selects takes a lock at most.
            ticket.Uncommitted |= byStatement && ticket.State == InboxState.InTransaction && !text.StartsWith("SELECT", StringComparison.OrdinalIgnoreCase);
            return;
        }
        if (byStatement || text.Contains("FOR UPDATE", StringComparison.Ordinal) || text.Contains("FOR NO KEY UPDATE", StringComparison.Ordinal) || text.Contains("RETURNING", StringComparison.Ordinal))
        {
            throw ticket.State == InboxState.Done
                ? Twice()
                : new InvalidOperationException("A consumer changes and locks rows by statement in a transaction only: call Database.BeginTransactionAsync before, and CommitAsync after.");
        }
    }

    /// <summary>What a consumer saved would be gone, and its message with it: nobody would try it again.</summary>
    internal static PermanentException NotCommitted() =>
        new("not-committed", "A consumer saved changes in a transaction and did not commit it: call CommitAsync after its last SaveChangesAsync.");

    private static PermanentException Twice() =>
        new("saved-twice", "A consumer commits once, with its inbox row: put its changes into one SaveChangesAsync, or into one transaction.");
}

/// <summary>The consumer has had the message: its work ends here.</summary>
internal sealed class DuplicateMessageException : Exception;

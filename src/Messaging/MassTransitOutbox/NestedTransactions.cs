using System.Data;
using System.Data.Common;
using MassTransit.EntityFrameworkCoreIntegration;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;

namespace PhotoPlatform.Messaging.MassTransitOutbox;

/// <summary>MassTransit runs a consumer inside a transaction of its own. One that the consumer begins becomes a part of that, behind a savepoint.</summary>
internal sealed class NestedTransactions(IRelationalConnection connection, ICurrentDbContext current) : IRelationalTransactionManager
{
    public IDbContextTransaction? CurrentTransaction => connection.CurrentTransaction;

    public IDbContextTransaction BeginTransaction() => CurrentTransaction is { } whole ? InnerTransaction.Begin(whole) : connection.BeginTransaction();

    public IDbContextTransaction BeginTransaction(IsolationLevel isolationLevel) => connection.BeginTransaction(isolationLevel);

    public async Task<IDbContextTransaction> BeginTransactionAsync(CancellationToken cancellationToken = default) =>
        CurrentTransaction is { } whole ? await InnerTransaction.BeginAsync(whole, cancellationToken) : await connection.BeginTransactionAsync(cancellationToken);

    public Task<IDbContextTransaction> BeginTransactionAsync(IsolationLevel isolationLevel, CancellationToken cancellationToken = default)
    {
        // MassTransit inserts its inbox row in one transaction and locks it in the next. Still tracked, the row would hide that another delivery has had the message in between.
        foreach (var row in current.Context.ChangeTracker.Entries<InboxState>().ToList())
            row.State = EntityState.Detached;
        return connection.BeginTransactionAsync(isolationLevel, cancellationToken);
    }

    public IDbContextTransaction? UseTransaction(DbTransaction? transaction) => connection.UseTransaction(transaction);

    public IDbContextTransaction? UseTransaction(DbTransaction? transaction, Guid transactionId) => connection.UseTransaction(transaction, transactionId);

    public Task<IDbContextTransaction?> UseTransactionAsync(DbTransaction? transaction, CancellationToken cancellationToken = default) => connection.UseTransactionAsync(transaction, cancellationToken);

    public Task<IDbContextTransaction?> UseTransactionAsync(DbTransaction? transaction, Guid transactionId, CancellationToken cancellationToken = default) =>
        connection.UseTransactionAsync(transaction, transactionId, cancellationToken);

    public void CommitTransaction() => connection.CommitTransaction();

    public Task CommitTransactionAsync(CancellationToken cancellationToken = default) => connection.CommitTransactionAsync(cancellationToken);

    public void RollbackTransaction() => connection.RollbackTransaction();

    public Task RollbackTransactionAsync(CancellationToken cancellationToken = default) => connection.RollbackTransactionAsync(cancellationToken);

    public void ResetState() => connection.ResetState();

    public Task ResetStateAsync(CancellationToken cancellationToken = default) => connection.ResetStateAsync(cancellationToken);
}

/// <summary>A part of a transaction: committed with the whole, rolled back alone.</summary>
internal sealed class InnerTransaction : IDbContextTransaction
{
    private const string Savepoint = "inner";
    private readonly IDbContextTransaction _whole;
    private bool _ended;

    private InnerTransaction(IDbContextTransaction whole) => _whole = whole;

    public Guid TransactionId => _whole.TransactionId;

    internal static InnerTransaction Begin(IDbContextTransaction whole)
    {
        whole.CreateSavepoint(Savepoint);
        return new InnerTransaction(whole);
    }

    internal static async Task<InnerTransaction> BeginAsync(IDbContextTransaction whole, CancellationToken cancellationToken)
    {
        await whole.CreateSavepointAsync(Savepoint, cancellationToken);
        return new InnerTransaction(whole);
    }

    public void Commit() => _ended = true;

    public Task CommitAsync(CancellationToken cancellationToken = default)
    {
        _ended = true;
        return Task.CompletedTask;
    }

    public void Rollback()
    {
        if (!_ended)
            _whole.RollbackToSavepoint(Savepoint);
        _ended = true;
    }

    public async Task RollbackAsync(CancellationToken cancellationToken = default)
    {
        if (!_ended)
            await _whole.RollbackToSavepointAsync(Savepoint, cancellationToken);
        _ended = true;
    }

    public void Dispose() => Rollback();

    public async ValueTask DisposeAsync() => await RollbackAsync();
}

using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.Update;
using Microsoft.EntityFrameworkCore.Update.Internal;

namespace PhotoPlatform.Messaging;

#pragma warning disable EF1001 // The executor has no public base class; everything that is not one batch of inserts is left to it.
/// <summary>
/// Saves that only insert take one round trip instead of two: what is sent with one sync is one transaction of the server's (PostgreSQL documentation, "Pipelining"), so BEGIN and COMMIT add nothing.
/// An insert, unlike an update, cannot find that its row has changed meanwhile, which only the answer would tell: when that comes, the transaction has ended.
/// </summary>
internal sealed class OneTripSaves(ICurrentDbContext currentContext, IDiagnosticsLogger<DbLoggerCategory.Update> updateLogger) : BatchExecutor(currentContext, updateLogger)
{
    public override async Task<int> ExecuteAsync(IEnumerable<ModificationCommandBatch> commandBatches, IRelationalConnection connection, CancellationToken cancellationToken = default)
    {
        // One by one: a batch is made when those before it have been executed, with the keys that they gave.
        using var batches = commandBatches.GetEnumerator();
        if (!batches.MoveNext())
            return 0;
        var first = batches.Current;
        if (connection.CurrentTransaction is not null || first.AreMoreBatchesExpected || !first.ModificationCommands.All(command => command.EntityState == EntityState.Added))
            return await base.ExecuteAsync(Remaining(batches), connection, cancellationToken);

        await connection.OpenAsync(cancellationToken);
        try
        {
            await first.ExecuteAsync(connection, cancellationToken);
            return first.ModificationCommands.Count;
        }
        finally
        {
            await connection.CloseAsync();
        }
    }

    private static IEnumerable<ModificationCommandBatch> Remaining(IEnumerator<ModificationCommandBatch> batches)
    {
        do
            yield return batches.Current;
        while (batches.MoveNext());
    }
}

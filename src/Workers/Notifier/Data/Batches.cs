using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;

namespace PhotoPlatform.Notifier.Data;

/// <summary>Deletes many rows a few at a time, so that no statement holds locks for long.</summary>
internal static class Batches
{
    private const int Size = 1000;

    /// <summary>Deletes the rows of a table for which a condition holds.</summary>
    /// <param name="db">Its database.</param>
    /// <param name="table">A name in this code, never input.</param>
    /// <param name="condition">SQL with parameters.</param>
    /// <param name="cancellationToken">Ends it between two batches or within one; what is deleted stays deleted.</param>
    /// <returns>How many rows.</returns>
    internal static async Task<int> DeleteAsync(this NotifierDb db, string table, FormattableString condition, CancellationToken cancellationToken)
    {
        var statement = FormattableStringFactory.Create(
            $"DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} WHERE {condition.Format} LIMIT {Size} FOR UPDATE))", condition.GetArguments());
        for (var total = 0; ;)
        {
            // Down to none: a row that changed under a batch is left to the next.
            var deleted = await db.Database.ExecuteSqlAsync(statement, cancellationToken);
            if (deleted == 0)
                return total;
            total += deleted;
        }
    }
}

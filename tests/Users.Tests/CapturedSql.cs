using System.Collections.Concurrent;
using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace PhotoPlatform.Users.Tests;

/// <summary>The statements that a service sends, as they are sent.</summary>
public sealed class CapturedSql : DbCommandInterceptor
{
    private readonly ConcurrentQueue<Statement> _statements = new();
    private volatile bool _on;

    public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default)
    {
        Note(command);
        return ValueTask.FromResult(result);
    }

    public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
    {
        Note(command);
        return ValueTask.FromResult(result);
    }

    /// <summary>What was sent while the action ran, by whatever ran then.</summary>
    public async Task<IReadOnlyList<Statement>> WhileAsync(Func<Task> action)
    {
        _statements.Clear();
        _on = true;
        try
        {
            await action();
        }
        finally
        {
            _on = false;
        }
        return [.. _statements];
    }

    private void Note(DbCommand command)
    {
        if (_on)
            _statements.Enqueue(new Statement(command.CommandText, [.. command.Parameters.OfType<NpgsqlParameter>().Select(parameter => parameter.Clone())]));
    }
}

/// <summary>One statement and its values.</summary>
public sealed record Statement(string Sql, NpgsqlParameter[] Parameters);

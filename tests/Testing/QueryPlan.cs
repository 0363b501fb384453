using System.Text.Json;
using Npgsql;

namespace PhotoPlatform.Testing;

/// <summary>What PostgreSQL did to answer one statement, by <c>EXPLAIN (ANALYZE, BUFFERS)</c>. The statement is run, and undone.</summary>
public sealed class QueryPlan
{
    private QueryPlan(string text, IReadOnlyList<string> sequentialScans, long buffers, long rows) => (Text, SequentialScans, Buffers, Rows) = (text, sequentialScans, buffers, rows);

    /// <summary>The whole plan as JSON, for a test's message.</summary>
    public string Text { get; }

    /// <summary>The tables that were read from end to end.</summary>
    public IReadOnlyList<string> SequentialScans { get; }

    /// <summary>How many pages of 8 kB were looked at, in memory or on disk, planning aside. A page that was looked at twice counts twice.</summary>
    public long Buffers { get; }

    /// <summary>How many rows were returned; of a statement that returns none, how many it changed.</summary>
    public long Rows { get; }

    /// <summary>Runs a statement as it is sent, with its values, in a transaction that is rolled back.</summary>
    public static async Task<QueryPlan> OfAsync(string connectionString, string sql, params NpgsqlParameter[] parameters)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var explain = new NpgsqlCommand($"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", connection);
        foreach (var parameter in parameters)
            explain.Parameters.Add(parameter.Clone());
        var text = (string)(await explain.ExecuteScalarAsync())!;
        await transaction.RollbackAsync();

        using var document = JsonDocument.Parse(text);
        var plan = document.RootElement[0].GetProperty("Plan");
        var scans = new List<string>();
        FindScans(plan, scans);
        var buffers = plan.GetProperty("Shared Hit Blocks").GetInt64() + plan.GetProperty("Shared Read Blocks").GetInt64();
        var changes = plan.GetProperty("Node Type").GetString() == "ModifyTable" && RowsOf(plan) == 0 && plan.TryGetProperty("Plans", out var inner) ? RowsOf(inner[0]) : RowsOf(plan);
        return new QueryPlan(text, scans, buffers, changes);
    }

    private static long RowsOf(JsonElement node) => (long)(node.GetProperty("Actual Rows").GetDouble() * node.GetProperty("Actual Loops").GetDouble());

    private static void FindScans(JsonElement node, List<string> found)
    {
        if (node.GetProperty("Node Type").GetString() == "Seq Scan")
            found.Add(node.GetProperty("Relation Name").GetString()!);
        if (!node.TryGetProperty("Plans", out var inner))
            return;
        foreach (var child in inner.EnumerateArray())
            FindScans(child, found);
    }
}

using System.Text.Json;
using Npgsql;

namespace PhotoPlatform.Testing;

/// <summary>What PostgreSQL did to answer a statement (<c>EXPLAIN ANALYZE</c>).</summary>
/// <param name="SequentialScans">The tables that it read from one end to the other.</param>
/// <param name="Buffers">Pages of 8 kB that it touched, cached or not.</param>
/// <param name="Rows">Rows that it returned.</param>
/// <param name="Text">The whole plan, for messages.</param>
public sealed record QueryPlan(IReadOnlyList<string> SequentialScans, long Buffers, long Rows, string Text)
{
    /// <summary>Runs the statement and takes back what it changed.</summary>
    public static async Task<QueryPlan> OfAsync(string connectionString, string sql, params NpgsqlParameter[] parameters)
    {
        await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var command = new NpgsqlCommand($"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", connection, transaction);
        command.Parameters.AddRange(parameters);
        var text = (string)(await command.ExecuteScalarAsync())!;
        await transaction.RollbackAsync();
        using var json = JsonDocument.Parse(text);
        var top = json.RootElement[0].GetProperty("Plan");
        return new QueryPlan([.. Nodes(top).Where(node => node.GetProperty("Node Type").GetString() == "Seq Scan").Select(node => node.GetProperty("Relation Name").GetString()!)],
            top.GetProperty("Shared Hit Blocks").GetInt64() + top.GetProperty("Shared Read Blocks").GetInt64(), top.GetProperty("Actual Rows").GetInt64(), text);
    }

    private static IEnumerable<JsonElement> Nodes(JsonElement node) =>
        node.TryGetProperty("Plans", out var below) ? below.EnumerateArray().SelectMany(Nodes).Prepend(node) : [node];
}

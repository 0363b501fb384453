using System.Data.Common;
using System.Diagnostics;

namespace PhotoPlatform.LocalHosting.Tests;

/// <summary>A database, reached as a service would reach it: by TCP and with the password.</summary>
internal static class Database
{
    /// <summary>The sample's database.</summary>
    public static Task<string> QueryAsync(SampleAppHost host, string sql) =>
        QueryAsync($"Host=localhost;Port={host.Port("postgres/tcp")};Username=postgres;Password={host.Secret("postgres-password")};Database=orders", sql);

    public static async Task<string> QueryAsync(string connectionString, string sql)
    {
        var (exitCode, output) = await TryQueryAsync(connectionString, sql);
        Assert.True(exitCode == 0, output);
        return output;
    }

    /// <summary>The exit code of psql, and what it said.</summary>
    public static async Task<(int ExitCode, string Output)> TryQueryAsync(string connectionString, string sql)
    {
        var parts = new DbConnectionStringBuilder { ConnectionString = connectionString };
        var start = new ProcessStartInfo("psql", ["-XqtAw", "-c", sql]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (variable, part) in new[] { ("PGHOST", "Host"), ("PGPORT", "Port"), ("PGUSER", "Username"), ("PGPASSWORD", "Password"), ("PGDATABASE", "Database") })
            start.Environment[variable] = parts.TryGetValue(part, out var value) ? value.ToString() : "postgres";
        using var psql = Process.Start(start)!;
        var errors = psql.StandardError.ReadToEndAsync();
        var output = await psql.StandardOutput.ReadToEndAsync();
        await psql.WaitForExitAsync();
        return (psql.ExitCode, (output + await errors).Trim());
    }
}

using System.Diagnostics;

namespace PhotoPlatform.LocalHosting.Tests;

/// <summary>The sample's database, reached as a service would reach it: by TCP and with the password.</summary>
internal static class Database
{
    public static async Task<string> QueryAsync(SampleAppHost host, string sql)
    {
        var start = new ProcessStartInfo("psql", ["-XqtA", "-h", "localhost", "-p", $"{host.Port("postgres/tcp")}", "-U", "postgres", "-d", "orders", "-c", sql])
        {
            RedirectStandardOutput = true,
        };
        start.Environment["PGPASSWORD"] = host.Secret("postgres-password");
        using var psql = Process.Start(start)!;
        var output = await psql.StandardOutput.ReadToEndAsync();
        await psql.WaitForExitAsync();
        Assert.Equal(0, psql.ExitCode);
        return output.Trim();
    }
}

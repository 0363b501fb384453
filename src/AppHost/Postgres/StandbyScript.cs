using System.Diagnostics;
using System.Globalization;

namespace PhotoPlatform.AppHost.Postgres;

/// <summary>Runs <c>standby.sh</c> for the AppHost itself.</summary>
internal static class StandbyScript
{
    /// <summary>The folder with the scripts, beside the AppHost's assembly.</summary>
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "Postgres");

    /// <returns>Whether it succeeded, and what it said.</returns>
    public static async Task<(bool IsSuccess, string Output)> RunAsync(PostgresStandbyResource standby, string verb, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(standby.Command, [Path.Combine(Folder, "standby.sh"), verb]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["STANDBY_NAME"] = standby.Name;
        start.Environment["STANDBY_PORT"] = standby.PrimaryEndpoint.Port.ToString(CultureInfo.InvariantCulture);
        start.Environment["PGHOST"] = standby.Primary.PrimaryEndpoint.Host;
        start.Environment["PGPORT"] = standby.Primary.PrimaryEndpoint.Port.ToString(CultureInfo.InvariantCulture);
        start.Environment["PGUSER"] = await standby.UserName.GetValueAsync(cancellationToken);
        start.Environment["PGPASSWORD"] = await standby.Primary.PasswordParameter.GetValueAsync(cancellationToken);
        using var process = Process.Start(start)!;
        await using var cancelled = cancellationToken.Register(() => process.Kill(entireProcessTree: true));
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        var output = await process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        await process.WaitForExitAsync(CancellationToken.None);
        cancellationToken.ThrowIfCancellationRequested();
        return (process.ExitCode == 0, (output + await errors).Trim());
    }
}

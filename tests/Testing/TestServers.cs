using System.Diagnostics;
using System.Text.Json;

namespace PhotoPlatform.Testing;

/// <summary>The servers that all tests of a run share. ./test starts them and names their addresses' file; without it the first test does.</summary>
/// <param name="Bus">AMQP address of the default vhost.</param>
/// <param name="Management">RabbitMQ's management address.</param>
/// <param name="Postgres">Connection string without a database.</param>
/// <param name="Redis">Connection string.</param>
public sealed record TestServers(string Bus, string Management, string Postgres, string Redis)
{
    private const string FileVariable = "PHOTOPLATFORM_TEST_SERVERS";
    private static readonly Lazy<Task<TestServers>> Started = new(StartAsync);

    /// <summary>Starts them when nobody has.</summary>
    public static Task<TestServers> GetAsync() => Started.Value;

    private static async Task<TestServers> StartAsync()
    {
        var file = Environment.GetEnvironmentVariable(FileVariable) ?? await StartOwnAsync();
        return JsonSerializer.Deserialize<TestServers>(await File.ReadAllTextAsync(file), JsonSerializerOptions.Web)!;
    }

    private static async Task<string> StartOwnAsync()
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("photoplatform-servers-").FullName, "servers.json");
        var program = Repository.Program("tests/Servers", "Servers");
        var process = Process.Start(new ProcessStartInfo("dotnet", [program, "--out", file]) { RedirectStandardOutput = true })!;
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            using var kill = Process.Start("kill", ["-TERM", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
            process.WaitForExit(TimeSpan.FromSeconds(30));
        };
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line == "servers are ready")
                return file;
        }
        throw new InvalidOperationException("The test servers did not start.");
    }
}

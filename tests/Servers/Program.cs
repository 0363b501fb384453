using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

// The servers that all tests of a run share: one PostgreSQL, RabbitMQ and Redis. Writes their addresses to the file after --out.
if (args is not ["--out", var file])
{
    await Console.Error.WriteLineAsync("usage: Servers --out FILE");
    return 2;
}

var data = Directory.CreateTempSubdirectory("photoplatform-tests-").FullName;
// PostgreSQL runs under a user of its own when the tests run as root.
File.SetUnixFileMode(data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
try
{
    var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions { Args = ["--data", data], DisableDashboard = true, DashboardApplicationName = "Test servers" });
    var bus = builder.AddRabbitMQ("bus").WithManagementPlugin();
    // Nobody pulls the plug of this one: what it has written need not be on the disk.
    var postgres = builder.AddPostgres("postgres").WithArgs("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_wal_size=4GB");
    var redis = builder.AddRedis("redis");
    await using var app = builder.Build();
    var run = app.RunAsync();
    foreach (var name in new[] { "bus", "postgres", "redis" })
        await await Task.WhenAny(app.ResourceNotifications.WaitForResourceHealthyAsync(name), run);

    var management = bus.Resource.ManagementEndpoint;
    var addresses = new Dictionary<string, string?>
    {
        ["bus"] = await AddressAsync(bus.Resource),
        ["management"] = management.Url,
        ["postgres"] = await AddressAsync(postgres.Resource),
        ["redis"] = await AddressAsync(redis.Resource),
    };
    await File.WriteAllTextAsync(file + ".new", JsonSerializer.Serialize(addresses));
    File.Move(file + ".new", file, overwrite: true);
    Console.WriteLine("servers are ready");
    await run;
    return 0;
}
finally
{
    Directory.Delete(data, recursive: true);
}

static async Task<string?> AddressAsync(IResourceWithConnectionString resource) => await resource.GetConnectionStringAsync();

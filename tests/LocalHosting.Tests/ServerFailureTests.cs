using System.Net;
using System.Net.Sockets;

namespace PhotoPlatform.LocalHosting.Tests;

/// <summary>Servers that cannot start here say why and what to do.</summary>
public sealed class ServerFailureTests
{
    [Fact]
    public async Task A_missing_server_is_told_with_what_to_install()
    {
        using var data = new TemporaryDirectory();
        using var programs = new TemporaryDirectory();
        foreach (var program in new[] { "sh", "setsid" })
            File.CreateSymbolicLink(programs.Combine(program), Path.Combine("/usr/bin", program));
        await using var host = SampleAppHost.Start(data.Path, "redis", programs.Path, []);

        Assert.Equal(1, await host.ExitAsync());
        Assert.Contains("redis failed to start: redis-server was not found; install it, on Debian with \"apt-get install redis-server\".", host.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_servers_taken_port_is_told_with_the_process_that_has_it()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        await using var test = new TestApplication();
        test.Builder.AddPostgres("postgres", port: port);

        var failure = await Assert.ThrowsAnyAsync<DistributedApplicationException>(() => test.Application.StartAsync());

        Assert.StartsWith($"postgres: port {port} of endpoint 'tcp' is taken by process {Environment.ProcessId} (", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Data_of_another_postgres_version_is_left_alone()
    {
        await using var test = new TestApplication();
        var cluster = Directory.CreateDirectory(Path.Combine(test.Data, "postgres", "cluster"));
        await File.WriteAllTextAsync(Path.Combine(cluster.FullName, "PG_VERSION"), "9.6\n");
        test.Builder.AddPostgres("postgres");

        var failure = await Assert.ThrowsAnyAsync<DistributedApplicationException>(() => test.Application.StartAsync());

        Assert.Matches($"^postgres failed to start: its data in {cluster.FullName} is of PostgreSQL 9.6, but [0-9]+ is installed; install PostgreSQL 9.6 or move that directory away.$", failure.Message);
        Assert.Equal(["PG_VERSION"], cluster.GetFiles().Select(file => file.Name));
    }
}

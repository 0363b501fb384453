using System.Net.Sockets;
using PhotoPlatform.Testing;
using PhotoPlatform.TestImages;

namespace PhotoPlatform.SystemTests;

[Collection(SinglePlatform.Name)]
public sealed class LifecycleTests(SinglePlatform shared)
{
    [Fact]
    public async Task A_second_copy_runs_beside_the_first_stops_without_a_trace_and_has_its_photos_when_it_starts_again()
    {
        var data = AppHostProcess.NewFolder();
        var copy = await AppHostProcess.StartAsync(data);
        using var person = await Person.SignUpAsync(copy.Address);
        var photo = await person.SettledAsync(await person.UploadAsync(Picture.Photo(320, 240).ToJpeg()));
        Assert.Equal("ready", photo.State);
        Assert.Equal("Healthy", shared.Platform.Resource("gateway").Health);

        Assert.Equal(0, await copy.StopAsync("INT"));
        Assert.Empty(copy.ProcessesLeft());

        await using var again = await AppHostProcess.StartAsync(data);
        using var http = new HttpClient { BaseAddress = again.Address };
        http.DefaultRequestHeaders.Authorization = person.Http.DefaultRequestHeaders.Authorization;
        var kept = await http.GetByteArrayAsync(photo.Renditions[0].Url);
        Assert.Equal(photo.Renditions[0].Bytes, kept.Length);
    }

    [Fact]
    public async Task A_taken_port_is_one_clear_sentence_and_a_failed_start()
    {
        using var taken = new TcpListener(System.Net.IPAddress.Loopback, 0);
        taken.Start();
        var port = ((System.Net.IPEndPoint)taken.LocalEndpoint).Port;

        await using var platform = AppHostProcess.Launch(AppHostProcess.NewFolder(), port);
        Assert.NotEqual(0, await platform.ExitAsync());
        Assert.Contains("gateway", platform.Output, StringComparison.Ordinal);
        Assert.Contains(port.ToString(System.Globalization.CultureInfo.InvariantCulture), platform.Output, StringComparison.Ordinal);
        Assert.Empty(platform.ProcessesLeft());
    }

    [Fact]
    public async Task A_full_disk_is_one_clear_sentence_and_a_failed_start()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Mounting a small disk needs root.");
        var data = AppHostProcess.NewFolder();
        await RunAsync("mount", "-t", "tmpfs", "-o", "size=20m,mode=755", "tmpfs", data);
        try
        {
            var platform = AppHostProcess.Launch(data, AppHostProcess.FreePort());
            Assert.NotEqual(0, await platform.ExitAsync());
            Assert.Matches($"^The disk of the data directory {data} is full .*--data DIR\\.$", platform.Output);
            Assert.Empty(platform.ProcessesLeft());
        }
        finally
        {
            await RunAsync("umount", data);
            Directory.Delete(data);
        }
    }

    [Fact]
    public async Task An_unknown_topology_is_one_clear_sentence_and_a_failed_start()
    {
        await using var platform = AppHostProcess.Launch(AppHostProcess.NewFolder(), AppHostProcess.FreePort(), "--topology", "round");
        Assert.NotEqual(0, await platform.ExitAsync());
        Assert.Equal("There is no topology 'round'; there are single and scaled.", platform.Output);
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("0")]
    [InlineData("65536")]
    public async Task What_is_not_a_port_is_one_clear_sentence_and_a_failed_start(string port)
    {
        await using var platform = AppHostProcess.Launch(AppHostProcess.NewFolder(), AppHostProcess.FreePort(), "--gateway-port", port);
        Assert.NotEqual(0, await platform.ExitAsync());
        Assert.Equal($"gateway-port is '{port}', which is not a port.", platform.Output);
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = System.Diagnostics.Process.Start(program, arguments);
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }
}

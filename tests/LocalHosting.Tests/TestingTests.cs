using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using Aspire.Hosting.Testing;

namespace PhotoPlatform.LocalHosting.Tests;

/// <summary>An AppHost in the test's own process.</summary>
public sealed class TestingTests
{
    [Fact]
    public async Task An_AppHost_runs_in_the_test_and_its_services_are_reached_by_name()
    {
        await using var builder = await SampleAsync("services");
        await using var app = await StartedAsync(builder, "outer");

        using var client = app.CreateHttpClient("outer");
        Assert.Equal(app.GetEndpoint("inner"), new Uri((await EnvironmentAsync(app, "outer"))["services__inner__http__0"]));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health")).StatusCode);
        Assert.Throws<ArgumentException>(() => app.GetEndpoint("nobody"));
        Assert.Throws<InvalidOperationException>(() => app.GetEndpoint("inner", "grpc"));
    }

    [Fact]
    public async Task The_test_may_change_the_model_before_it_is_built()
    {
        await using var builder = await SampleAsync("services");
        builder.CreateResourceBuilder(builder.Resources.OfType<ProjectResource>().Single(project => project.Name == "inner")).WithEnvironment("FROM_THE_TEST", "yes");
        await using var app = await StartedAsync(builder, "inner");

        Assert.Equal("yes", (await EnvironmentAsync(app, "inner"))["FROM_THE_TEST"]);
    }

    [Fact]
    public async Task Two_applications_of_one_AppHost_run_side_by_side_and_leave_neither_processes_nor_data()
    {
        var builders = await Task.WhenAll(SampleAsync("services"), SampleAsync("services"));
        var apps = await Task.WhenAll(builders.Select(builder => StartedAsync(builder, "outer")));
        var pids = await Task.WhenAll(apps.Select(async app => await app.CreateHttpClient("outer").GetFromJsonAsync<int>("/pid")));
        Assert.Equal(2, pids.Distinct().Count());
        var directories = builders.Select(builder => builder.Configuration["data"]!).ToArray();
        Assert.All(directories, directory => Assert.True(Directory.Exists(directory)));

        await apps[0].DisposeAsync();
        Assert.Equal(pids[1], await apps[1].CreateHttpClient("outer").GetFromJsonAsync<int>("/pid"));
        await apps[1].DisposeAsync();

        Assert.All(directories, directory => Assert.False(Directory.Exists(directory)));
        Assert.All(pids, pid => Assert.False(Directory.Exists($"/proc/{pid}")));
    }

    [Fact]
    public async Task A_data_directory_that_the_test_names_is_kept()
    {
        using var data = new TemporaryDirectory();
        await using (var builder = await SampleAsync("services", "--data", data.Path))
        {
            await using var app = await StartedAsync(builder, "inner");
            Assert.Equal(data.Path, builder.Configuration["data"]);
        }
        Assert.True(File.Exists(data.Combine("ports.json")));
    }

    [Fact]
    public async Task Fixed_public_ports_are_left_to_the_real_application_unless_the_test_wants_them()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
        await using (var builder = await SampleAsync("fixed-port", "--port", port))
        {
            await using var app = await builder.BuildAsync();
            await app.StartAsync();
            Assert.NotEqual(port, app.GetEndpoint("api").Port.ToString(CultureInfo.InvariantCulture));
        }

        await using var fixedPorts = await SampleAsync("fixed-port", "--port", port, "--DcpPublisher:RandomizePorts=false");
        await using var refused = await fixedPorts.BuildAsync();
        var failure = await Assert.ThrowsAsync<DistributedApplicationException>(() => refused.StartAsync());
        Assert.Contains($"port {port} of endpoint 'http' is taken", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_AppHosts_launch_profile_is_its_configuration()
    {
        await using var builder = await SampleAsync("services");
        Assert.Equal("hello", builder.Configuration["Sample:Greeting"]);
        Assert.Equal("Development", builder.Environment.EnvironmentName);
        Assert.Equal(Projects.LocalHosting_Sample.ProjectPath, builder.AppHostDirectory);
    }

    [Fact]
    public async Task Options_and_settings_of_the_AppHost_are_the_tests_to_change()
    {
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.LocalHosting_Sample>(["--topology", "services"],
            (options, settings) => (options.ProjectDirectory, settings.EnvironmentName) = ("/", "Staging"));
        Assert.Equal("/", builder.AppHostDirectory);
        Assert.Equal("Staging", builder.Environment.EnvironmentName);
    }

    [Fact]
    public async Task An_AppHost_that_fails_before_it_is_built_fails_the_test_with_its_reason()
    {
        var failure = await Assert.ThrowsAsync<DistributedApplicationException>(() => SampleAsync("no-replicas"));
        Assert.StartsWith("The AppHost PhotoPlatform.LocalHosting.Sample failed before it called Build(): Resource 'api' asks for 0 replicas", failure.Message, StringComparison.Ordinal);
        Assert.IsType<DistributedApplicationException>(failure.InnerException);
    }

    [Fact]
    public async Task An_AppHost_that_ends_before_it_is_built_fails_the_test()
    {
        var failure = await Assert.ThrowsAsync<DistributedApplicationException>(() => SampleAsync("no-application"));
        Assert.Equal("The AppHost PhotoPlatform.LocalHosting.Sample ended before it called Build().", failure.Message);
    }

    [Fact]
    public async Task A_server_of_the_tests_own_model_has_a_connection_string_and_its_data_goes_with_it()
    {
        string data;
        await using (var builder = DistributedApplicationTestingBuilder.Create())
        {
            data = builder.Configuration["data"]!;
            builder.AddPostgres("postgres").AddDatabase("orders");
            await using var app = await builder.BuildAsync();
            await app.StartAsync();
            await app.ResourceNotifications.WaitForResourceHealthyAsync("orders");

            Assert.Matches($"^Host=localhost;Port={app.GetEndpoint("postgres", "tcp").Port};Username=postgres;Password=.+;Database=orders$", await app.GetConnectionStringAsync("orders"));
            Assert.True(Directory.Exists(Path.Combine(data, "postgres")));
        }
        Assert.False(Directory.Exists(data));
    }

    [Fact]
    public async Task Applications_of_a_test_process_that_is_killed_take_their_children_with_them()
    {
        using var data = new TemporaryDirectory();
        await using var host = SampleAppHost.Start(data.Path, "two-under-test");
        await host.LineAsync("both run");
        Assert.InRange(host.LivingChildren().Count, 4, int.MaxValue);

        await host.SignalAsync("KILL");
        await host.ExitAsync();

        await Eventually.TrueAsync(() => host.LivingChildren().Count == 0, TimeSpan.FromSeconds(30));
    }

    private static Task<IDistributedApplicationTestingBuilder> SampleAsync(string topology, params string[] args) =>
        DistributedApplicationTestingBuilder.CreateAsync<Projects.LocalHosting_Sample>(["--topology", topology, .. args]);

    private static async Task<DistributedApplication> StartedAsync(IDistributedApplicationTestingBuilder builder, string resource)
    {
        var app = await builder.BuildAsync();
        await app.StartAsync();
        await app.ResourceNotifications.WaitForResourceHealthyAsync(resource);
        return app;
    }

    private static async Task<Dictionary<string, string>> EnvironmentAsync(DistributedApplication app, string resource)
    {
        using var client = app.CreateHttpClient(resource);
        return (await client.GetFromJsonAsync<Dictionary<string, string>>("/environment"))!;
    }
}

namespace PhotoPlatform.LocalHosting.Tests;

/// <summary>What a project's own files say about its start: launch profiles, and Kestrel endpoints in its settings.</summary>
public sealed class LaunchSettingsTests
{
    private static readonly Dictionary<string, LaunchProfile> Profiles = new()
    {
        ["IIS Express"] = new() { CommandName = "IISExpress" },
        ["first"] = new()
        {
            CommandName = "Project",
            ApplicationUrl = "http://localhost:0;http://*:0;https://0.0.0.0:0",
            LaunchUrl = "docs/index.html",
            CommandLineArgs = "--from profile \"two words\" \\\"quoted\\\"",
            EnvironmentVariables = { ["DOTNET_ENVIRONMENT"] = "Development", ["EXPANDED"] = "%LAUNCHSETTINGS_TEST%/bin", ["SET_TWICE"] = "profile" },
        },
        ["second"] = new() { CommandName = "Project", EnvironmentVariables = { ["SECOND"] = "2" } },
    };

    [Fact]
    public async Task The_first_profile_that_runs_the_project_is_taken()
    {
        await using var test = new TestApplication();
        Environment.SetEnvironmentVariable("LAUNCHSETTINGS_TEST", "/opt");
        var project = test.Builder.AddProject<WithProfiles>("printer").WithArgs("print").WithEnvironment("SET_TWICE", "Program.cs");

        var environment = await test.PrintedAsync();

        Assert.Equal("first", environment["DOTNET_LAUNCH_PROFILE"]);
        Assert.Equal("Development", environment["DOTNET_ENVIRONMENT"]);
        Assert.Equal("/opt/bin", environment["EXPANDED"]);
        Assert.Equal("Program.cs", environment["SET_TWICE"]);
        Assert.Equal("--from|profile|two words|\"quoted\"|print", environment["arguments"]);
        int Port(string endpoint) => project.GetEndpoint(endpoint).Port;
        Assert.Equal($"http://localhost:{Port("http")};http://*:{Port("http2")};https://0.0.0.0:{Port("https")}", environment["ASPNETCORE_URLS"]);
    }

    [Fact]
    public async Task A_variable_that_is_set_before_the_profile_is_kept()
    {
        await using var test = new TestApplication();
        var project = test.Builder.AddProject<WithProfiles>("printer").WithArgs("print");
        project.Resource.Annotations.Insert(0, new EnvironmentCallbackAnnotation(variables => variables["SET_TWICE"] = "earlier"));

        Assert.Equal("earlier", (await test.PrintedAsync())["SET_TWICE"]);
    }

    [Fact]
    public async Task The_launch_URL_changes_what_is_shown_and_nothing_else()
    {
        await using var test = new TestApplication();
        var project = test.Builder.AddProject<WithProfiles>("printer").WithArgs("print").WithHttpEndpoint(name: "other");
        await test.Application.StartAsync();

        Assert.True(test.Notifications.TryGetCurrentState("printer", out var state));

        var shown = state.Snapshot.Urls.Select(url => url.Url).ToArray();
        Assert.Contains($"http://localhost:{project.GetEndpoint("http").Port}/docs/index.html", shown);
        Assert.Contains(project.GetEndpoint("other").Url, shown);
        Assert.Equal($"http://localhost:{project.GetEndpoint("http").Port}", project.GetEndpoint("http").Url);
    }

    [Theory]
    [InlineData("--DOTNET_LAUNCH_PROFILE=second", "second")]
    [InlineData("--AppHost:DefaultLaunchProfileName=second", "second")]
    [InlineData("--DOTNET_LAUNCH_PROFILE=unknown", "first")]
    public async Task The_AppHosts_own_profile_is_taken_if_the_project_has_it(string setting, string profile)
    {
        await using var test = new TestApplication(setting);
        test.Builder.AddProject<WithProfiles>("printer").WithArgs("print");

        Assert.Equal(profile, (await test.PrintedAsync())["DOTNET_LAUNCH_PROFILE"]);
    }

    [Fact]
    public async Task A_named_profile_is_taken_and_no_other()
    {
        await using var test = new TestApplication("--DOTNET_LAUNCH_PROFILE=first");
        var project = test.Builder.AddProject<WithProfiles>("printer", launchProfileName: "second").WithArgs("print");

        var environment = await test.PrintedAsync();

        Assert.Equal("2", environment["SECOND"]);
        Assert.Empty(project.Resource.GetEndpoints());
        Assert.Equal("print", environment["arguments"]);
    }

    [Fact]
    public async Task A_named_profile_must_exist()
    {
        await using var test = new TestApplication();

        var failure = Assert.Throws<DistributedApplicationException>(() => test.Builder.AddProject<WithProfiles>("printer", options => options.LaunchProfileName = "third"));

        Assert.Contains("has no launch profile 'third'", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_profile_there_are_neither_endpoints_nor_variables()
    {
        await using var test = new TestApplication();
        var project = test.Builder.AddProject<WithProfiles>("printer", launchProfileName: null).WithArgs("print");

        var environment = await test.PrintedAsync();

        Assert.Empty(project.Resource.GetEndpoints());
        Assert.Empty(environment.Keys.Intersect(["DOTNET_LAUNCH_PROFILE", "DOTNET_ENVIRONMENT", "ASPNETCORE_URLS"]));
    }

    [Fact]
    public async Task Kestrel_endpoints_of_the_settings_replace_the_addresses_of_the_profile()
    {
        await using var test = new TestApplication();
        var project = test.Builder.AddProject<WithKestrelEndpoints>("printer").WithArgs("print").WithHttpEndpoint(name: "more");

        var environment = await test.PrintedAsync();

        int Port(string endpoint) => project.GetEndpoint(endpoint).Port;
        Assert.Equal(["Api", "Internal", "https", "more"], project.Resource.GetEndpoints().Select(endpoint => endpoint.EndpointName));
        Assert.Equal($"http://localhost:{Port("Api")}", environment["Kestrel__Endpoints__Api__Url"]);
        Assert.Equal($"http://*:{Port("Internal")}", environment["Kestrel__Endpoints__Internal__Url"]);
        Assert.Equal($"https://localhost:{Port("https")}", environment["Kestrel__Endpoints__Secure__Url"]);
        Assert.Equal($"http://localhost:{Port("more")}", environment["Kestrel__Endpoints__more__Url"]);
        Assert.Equal("http2", project.GetEndpoint("Internal").EndpointAnnotation.Transport);
        Assert.DoesNotContain("ASPNETCORE_URLS", environment.Keys);
        Assert.Equal("first", environment["DOTNET_LAUNCH_PROFILE"]);
    }

    [Fact]
    public async Task A_project_with_Kestrel_endpoints_listens_where_it_is_told()
    {
        await using var test = new TestApplication();
        var project = test.Builder.AddProject<WithKestrelEndpoints>("service").WithEnvironment(context =>
        {
            // There is no certificate.
            context.EnvironmentVariables["Kestrel__Endpoints__Secure__Url"] = "http://127.0.0.1:0";
        }).WithHttpHealthCheck("/health", endpointName: "Api");

        await test.Application.StartAsync();

        await test.Notifications.WaitForResourceHealthyAsync("service");
    }

    [Fact]
    public async Task Kestrel_endpoints_can_be_left_out()
    {
        await using var test = new TestApplication();
        var project = test.Builder.AddProject<WithKestrelEndpoints>("printer", options => options.ExcludeKestrelEndpoints = true).WithArgs("print");

        var environment = await test.PrintedAsync();

        Assert.Equal(["http", "http2", "https"], project.Resource.GetEndpoints().Select(endpoint => endpoint.EndpointName));
        Assert.Contains("ASPNETCORE_URLS", environment.Keys);
        Assert.DoesNotContain("Kestrel__Endpoints__http__Url", environment.Keys);
    }

    [Fact]
    public async Task An_address_that_is_none_is_told_with_the_place_where_it_stands()
    {
        await using var test = new TestApplication();

        var failure = Assert.Throws<DistributedApplicationException>(() => test.Builder.AddProject<WithBadAddress>("printer"));

        Assert.Equal("The applicationUrl of a launch profile of 'printer' is 'localhost', which is not an address; write one such as http://localhost:5000.", failure.Message);
    }

    private abstract class SampleProject : global::LocalHosting.IBuiltProject
    {
        private static readonly Projects.LocalHosting_SampleService Service = new();

        public virtual string ProjectPath => Service.ProjectPath;

        public string TargetPath => Service.TargetPath;

        public virtual LaunchSettings? LaunchSettings => new() { Profiles = Profiles };
    }

    private sealed class WithProfiles : SampleProject;

    private sealed class WithBadAddress : SampleProject
    {
        public override LaunchSettings LaunchSettings => new() { Profiles = { ["only"] = new() { ApplicationUrl = "localhost" } } };
    }

    private sealed class WithKestrelEndpoints : SampleProject
    {
        private static readonly string Project = Write();

        public override string ProjectPath => Project;

        private static string Write()
        {
            var directory = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "kestrel-project")).FullName;
            File.WriteAllText(Path.Combine(directory, "appsettings.json"), """
                {
                  "Kestrel": {
                    "Endpoints": {
                      "Api": { "Url": "http://localhost:0" },
                      "Internal": { "Url": "http://*:0", "Protocols": "Http2" },
                      "Secure": { "Url": "https://localhost:0" }
                    }
                  }
                }
                """);
            File.WriteAllText(Path.Combine(directory, "project.csproj"), "<Project />");
            return Path.Combine(directory, "project.csproj");
        }
    }
}

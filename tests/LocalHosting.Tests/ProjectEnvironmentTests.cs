namespace PhotoPlatform.LocalHosting.Tests;

/// <summary>What a project finds in its environment without Program.cs asking for it: one test for each row of the table in src/LocalHosting/README.md.</summary>
public sealed class ProjectEnvironmentTests
{
    private static readonly string[] DevelopmentOnly =
    [
        "OTEL_BSP_SCHEDULE_DELAY", "OTEL_BLRP_SCHEDULE_DELAY", "OTEL_METRIC_EXPORT_INTERVAL", "OTEL_TRACES_SAMPLER", "OTEL_METRICS_EXEMPLAR_FILTER",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "OTEL_DOTNET_EXPERIMENTAL_ASPNETCORE_DISABLE_URL_QUERY_REDACTION",
        "OTEL_DOTNET_EXPERIMENTAL_HTTPCLIENT_DISABLE_URL_QUERY_REDACTION",
    ];

    [Fact]
    public async Task The_AppHosts_own_environment_is_inherited_except_for_what_concerns_the_AppHost_alone()
    {
        string[] own = ["DCP_TEST", "DEBUG_SESSION_TEST", "ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT", "DOTNET_LAUNCH_PROFILE", "ASPNETCORE_URLS"];
        await using var test = new TestApplication();
        test.PrintingProgram();
        Environment.SetEnvironmentVariable("LOCALHOSTING_TEST", "inherited");
        foreach (var name in own)
            Environment.SetEnvironmentVariable(name, name.EndsWith("ENVIRONMENT", StringComparison.Ordinal) ? "Production" : "http://localhost:1");
        try
        {
            var environment = await test.PrintedAsync();

            Assert.Equal("inherited", environment["LOCALHOSTING_TEST"]);
            Assert.Empty(environment.Keys.Intersect(own));
        }
        finally
        {
            foreach (var name in own.Append("LOCALHOSTING_TEST"))
                Environment.SetEnvironmentVariable(name, null);
        }
    }

    [Fact]
    public async Task A_project_listens_on_its_endpoints()
    {
        await using var test = new TestApplication();
        var project = test.PrintingProject().WithHttpsEndpoint().WithHttpEndpoint().WithHttpEndpoint(name: "admin").WithEndpoint(name: "queue", scheme: "tcp")
            .WithEndpoint("admin", endpoint => endpoint.TargetHost = "0.0.0.0");

        var environment = await test.PrintedAsync();

        int Port(string endpoint) => project.GetEndpoint(endpoint).Port;
        Assert.Equal($"https://localhost:{Port("https")};http://localhost:{Port("http")};http://0.0.0.0:{Port("admin")}", environment["ASPNETCORE_URLS"]);
        Assert.Equal($"{Port("https")}", environment["ASPNETCORE_HTTPS_PORT"]);
        Assert.Equal($"http://localhost:{Port("admin")}", project.GetEndpoint("admin").Url);
    }

    [Fact]
    public async Task An_address_that_Program_cs_sets_is_kept()
    {
        await using var test = new TestApplication();
        test.PrintingProject().WithHttpEndpoint().WithEnvironment("ASPNETCORE_URLS", "http://localhost:0");

        Assert.Equal("http://localhost:0", (await test.PrintedAsync())["ASPNETCORE_URLS"]);
    }

    [Theory]
    [InlineData("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", "grpc")]
    [InlineData("DOTNET_DASHBOARD_OTLP_ENDPOINT_URL", "grpc")]
    [InlineData("ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL", "http/protobuf")]
    [InlineData("DOTNET_DASHBOARD_OTLP_HTTP_ENDPOINT_URL", "http/protobuf")]
    public async Task Telemetry_goes_where_the_AppHost_is_told(string setting, string protocol)
    {
        await using var test = new TestApplication($"--{setting}=http://localhost:4317");
        test.PrintingProject();

        var environment = await test.PrintedAsync();

        Assert.Equal("http://localhost:4317", environment["OTEL_EXPORTER_OTLP_ENDPOINT"]);
        Assert.Equal(protocol, environment["OTEL_EXPORTER_OTLP_PROTOCOL"]);
        Assert.DoesNotContain("OTEL_EXPORTER_OTLP_HEADERS", environment.Keys);
    }

    [Fact]
    public async Task Grpc_goes_before_HTTP_and_the_receivers_key_is_handed_on()
    {
        await using var test = new TestApplication("--ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL=http://localhost:1", "--ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL=http://localhost:2",
            "--AppHost:OtlpApiKey=k3y");
        test.PrintingProject();

        var environment = await test.PrintedAsync();

        Assert.Equal("http://localhost:1", environment["OTEL_EXPORTER_OTLP_ENDPOINT"]);
        Assert.Equal("x-otlp-api-key=k3y", environment["OTEL_EXPORTER_OTLP_HEADERS"]);
    }

    [Fact]
    public async Task A_project_has_its_name_in_telemetry_and_each_start_an_identity()
    {
        await using var test = new TestApplication();
        test.PrintingProject();

        var first = await test.PrintedAsync();
        await test.Notifications.WaitForResourceAsync("printer", KnownResourceStates.Finished);
        await test.Application.ResourceCommands.ExecuteCommandAsync("printer", KnownResourceCommands.StartCommand);
        var second = await test.PrintAsync(run: 2);

        Assert.Equal("printer", first["OTEL_SERVICE_NAME"]);
        Assert.Matches("^service\\.instance\\.id=[a-z]{8}$", first["OTEL_RESOURCE_ATTRIBUTES"]);
        Assert.NotEqual(first["OTEL_RESOURCE_ATTRIBUTES"], second["OTEL_RESOURCE_ATTRIBUTES"]);
        Assert.Equal("in_memory", first["OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY"]);
        Assert.Equal("true", first["DOTNET_SYSTEM_CONSOLE_ALLOW_ANSI_COLOR_REDIRECTION"]);
        Assert.Equal("simple", first["LOGGING__CONSOLE__FORMATTERNAME"]);
        Assert.Empty(first.Keys.Intersect([.. DevelopmentOnly, "OTEL_EXPORTER_OTLP_ENDPOINT"]));
    }

    [Fact]
    public async Task In_development_telemetry_is_complete_and_prompt()
    {
        await using var test = new TestApplication("--environment=Development");
        test.PrintingProject();

        var environment = await test.PrintedAsync();

        Assert.Equal(["1000", "1000", "1000", "always_on", "trace_based", "true", "true", "true"], DevelopmentOnly.Select(name => environment.GetValueOrDefault(name)));
    }

    [Fact]
    public async Task A_program_has_telemetry_variables_only_when_it_asks_for_them()
    {
        await using var test = new TestApplication("--ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL=http://localhost:4318");
        test.PrintingProgram("plain");
        test.PrintingProgram("telling").WithOtlpExporter();

        var telling = await test.PrintedAsync("telling");
        var plain = await test.PrintAsync(run: 1, "plain");

        Assert.Equal("telling", telling["OTEL_SERVICE_NAME"]);
        Assert.Equal("http/protobuf", telling["OTEL_EXPORTER_OTLP_PROTOCOL"]);
        Assert.DoesNotContain("LOGGING__CONSOLE__FORMATTERNAME", telling.Keys);
        Assert.Empty(plain.Keys.Intersect(["OTEL_SERVICE_NAME", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_RESOURCE_ATTRIBUTES"]));
    }

    [Fact]
    public async Task What_Program_cs_sets_goes_before_every_default()
    {
        await using var test = new TestApplication();
        test.PrintingProject().WithEnvironment("OTEL_SERVICE_NAME", "other").WithEnvironment(context => context.EnvironmentVariables.Remove("LOGGING__CONSOLE__FORMATTERNAME"));

        var environment = await test.PrintedAsync();

        Assert.Equal("other", environment["OTEL_SERVICE_NAME"]);
        Assert.DoesNotContain("LOGGING__CONSOLE__FORMATTERNAME", environment.Keys);
    }
}

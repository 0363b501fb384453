using System.Text.Json;
using System.Text.Json.Nodes;
using Aspire.Hosting.Testing;

namespace PhotoPlatform.LocalHosting.Tests;

/// <summary>What deployment tools are told of a model.</summary>
public sealed class ManifestTests
{
    [Fact]
    public async Task A_model_with_everything_follows_the_schema_and_every_expression_leads_somewhere()
    {
        var manifest = await ManifestAsync(Everything);
        Assert.Empty(ManifestSchema.Violations(manifest));
        Assert.Equal(["user", "postgres", "orders", "cache", "bus", "greeting", "tool", "api", "legacy", "reports", "token", "postgres-password", "cache-password", "bus-password"],
            manifest.GetProperty("resources").EnumerateObject().Select(resource => resource.Name).Where(name => !name.EndsWith("-uri-encoded", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_project_has_its_container_ports_and_references_and_nothing_of_a_local_run()
    {
        var api = await ResourceAsync("api");

        AssertJson("""
            {
              "http": { "scheme": "http", "protocol": "tcp", "transport": "http", "external": true },
              "admin": { "scheme": "http", "protocol": "tcp", "transport": "http", "targetPort": 8001 }
            }
            """, api.GetProperty("bindings"));
        AssertJson("""["--greeting", "{greeting.value}"]""", api.GetProperty("args"));
        var environment = api.GetProperty("env").Deserialize<Dictionary<string, string>>()!;
        Assert.EndsWith("LocalHosting.SampleService.csproj", api.GetProperty("path").GetString(), StringComparison.Ordinal);
        Assert.Equal("{api.bindings.http.targetPort};{api.bindings.admin.targetPort}", environment["HTTP_PORTS"]);
        Assert.Equal("true", environment["ASPNETCORE_FORWARDEDHEADERS_ENABLED"]);
        Assert.Equal("{orders.connectionString}", environment["ConnectionStrings__orders"]);
        Assert.Equal("{postgres.bindings.tcp.host}", environment["ORDERS_HOST"]);
        Assert.Equal("postgresql://{user-uri-encoded.value}:{postgres-password-uri-encoded.value}@{postgres.bindings.tcp.host}:{postgres.bindings.tcp.port}/orders", environment["ORDERS_URI"]);
        Assert.Equal("{tool.bindings.http.url}", environment["TOOL"]);
        Assert.Equal("https://example.org/", environment["services__elsewhere__https__0"]);
        Assert.DoesNotContain(environment.Keys, name => name is "ASPNETCORE_URLS" or "DOTNET_LAUNCH_PROFILE" or "OTEL_SERVICE_NAME" or "OTEL_EXPORTER_OTLP_ENDPOINT");
    }

    [Fact]
    public async Task Servers_are_containers()
    {
        var manifest = await ManifestAsync(Everything);

        AssertJson("""
            {
              "type": "container.v0",
              "connectionString": "Host={postgres.bindings.tcp.host};Port={postgres.bindings.tcp.port};Username={user.value};Password={postgres-password.value}",
              "image": "docker.io/library/postgres:17.6",
              "volumes": [{ "name": "orders-data", "target": "/var/lib/postgresql/data", "readOnly": false }],
              "env": {
                "POSTGRES_HOST_AUTH_METHOD": "scram-sha-256",
                "POSTGRES_INITDB_ARGS": "--auth-host=scram-sha-256 --auth-local=scram-sha-256",
                "POSTGRES_USER": "{user.value}",
                "POSTGRES_PASSWORD": "{postgres-password.value}"
              },
              "bindings": { "tcp": { "scheme": "tcp", "protocol": "tcp", "transport": "tcp", "targetPort": 5432 } }
            }
            """, Resource(manifest, "postgres"));
        AssertJson("""{ "type": "value.v0", "connectionString": "Host={postgres.bindings.tcp.host};Port={postgres.bindings.tcp.port};Username={user.value};Password={postgres-password.value};Database=orders" }""", Resource(manifest, "orders"));
        AssertJson("""
            {
              "type": "container.v0",
              "connectionString": "{cache.bindings.tcp.host}:{cache.bindings.tcp.port},password={cache-password.value}",
              "image": "registry.example/library/redis:7.2",
              "entrypoint": "/bin/sh",
              "args": ["-c", "redis-server --requirepass $REDIS_PASSWORD --save 60 1"],
              "env": { "REDIS_PASSWORD": "{cache-password.value}" },
              "bindings": { "tcp": { "scheme": "tcp", "protocol": "tcp", "transport": "tcp", "targetPort": 6379 } }
            }
            """, Resource(manifest, "cache"));
        var bus = Resource(manifest, "bus");
        Assert.Equal("docker.io/library/rabbitmq:4.2-management", bus.GetProperty("image").GetString());
        Assert.Equal(15672, bus.GetProperty("bindings").GetProperty("management").GetProperty("targetPort").GetInt32());
        Assert.Equal("guest", bus.GetProperty("env").GetProperty("RABBITMQ_DEFAULT_USER").GetString());
    }

    [Fact]
    public async Task Parameters_say_what_has_to_be_given_or_generated()
    {
        var manifest = await ManifestAsync(Everything);

        AssertJson("""{ "type": "parameter.v0", "value": "{greeting.inputs.value}", "inputs": { "value": { "type": "string", "default": { "value": "hello" } } } }""", Resource(manifest, "greeting"));
        AssertJson("""{ "type": "parameter.v0", "value": "{token.inputs.value}", "inputs": { "value": { "type": "string", "secret": true } } }""", Resource(manifest, "token"));
        AssertJson("""
            {
              "type": "parameter.v0", "value": "{bus-password.inputs.value}",
              "inputs": { "value": { "type": "string", "secret": true, "default": { "generate": { "minLength": 22, "special": false } } } }
            }
            """, Resource(manifest, "bus-password"));
        AssertJson("""{ "type": "parameter.v0", "connectionString": "{legacy.value}", "value": "{legacy.inputs.value}", "inputs": { "value": { "type": "string", "secret": true } } }""", Resource(manifest, "legacy"));
        AssertJson("""{ "type": "annotated.string", "value": "{postgres-password.value}", "filter": "uri" }""", Resource(manifest, "postgres-password-uri-encoded"));
    }

    [Fact]
    public async Task A_program_has_its_directory_relative_to_the_manifest()
    {
        var tool = await ResourceAsync("tool");
        Assert.Equal("executable.v0", tool.GetProperty("type").GetString());
        Assert.Equal("tools", tool.GetProperty("workingDirectory").GetString());
        Assert.Equal("sleep", tool.GetProperty("command").GetString());
        Assert.Equal(8000, tool.GetProperty("bindings").GetProperty("http").GetProperty("targetPort").GetInt32());
    }

    [Theory]
    [InlineData("out/model.json", "out/model.json")]
    [InlineData("out", "out/aspire-manifest.json")]
    public async Task The_output_path_is_a_file_or_a_directory_and_nothing_is_started(string path, string file)
    {
        using var data = new TemporaryDirectory();
        await using var host = SampleAppHost.Start(data.Combine("data"), "servers", "--publisher", "manifest", "--output-path", data.Combine(path));

        Assert.Equal(0, await host.ExitAsync());
        Assert.Equal($"The manifest is {data.Combine(file)}.", host.Output);
        Assert.Empty(ManifestSchema.Violations(JsonDocument.Parse(await File.ReadAllTextAsync(data.Combine(file))).RootElement));
        Assert.False(Directory.Exists(data.Combine("data")));
    }

    [Fact]
    public async Task The_step_of_the_Aspire_command_writes_the_same()
    {
        using var data = new TemporaryDirectory();
        await using var host = SampleAppHost.Start(data.Combine("data"), "services", "--operation", "publish", "--step", "publish-manifest", "--output-path", data.Combine("m.json"));
        Assert.Equal(0, await host.ExitAsync());
        Assert.True(File.Exists(data.Combine("m.json")));
    }

    [Theory]
    [InlineData("The publisher 'docker-compose' needs the Aspire packages: build the AppHost with -p:UseAspire=true; the embedded runtime only knows --publisher manifest.", "--publisher", "docker-compose")]
    [InlineData("The step 'deploy' needs the Aspire packages: build the AppHost with -p:UseAspire=true; the embedded runtime only knows --publisher manifest.", "--operation", "publish", "--step", "deploy")]
    [InlineData("output-path is missing: it names the manifest's file, or its directory.", "--publisher", "manifest")]
    public async Task What_cannot_be_published_is_told_in_a_sentence(string sentence, params string[] args)
    {
        using var data = new TemporaryDirectory();
        await using var host = SampleAppHost.Start(data.Path, "services", args);
        Assert.Equal(1, await host.ExitAsync());
        Assert.Equal(sentence, host.Output);
    }

    [Fact]
    public async Task A_resource_without_a_form_is_named()
    {
        var failure = await Assert.ThrowsAsync<DistributedApplicationException>(() => ManifestAsync(builder => builder.AddResource(new Unknown("thing"))));
        Assert.Equal("The resource 'thing' (Unknown) has no form in a manifest; leave it out with ExcludeFromManifest().", failure.Message);
    }

    private static void Everything(IDistributedApplicationBuilder builder)
    {
        var postgres = builder.AddPostgres("postgres", builder.AddParameter("user")).WithDataVolume("orders-data");
        var orders = postgres.AddDatabase("orders");
        var cache = builder.AddRedis("cache").WithImageRegistry("registry.example").WithImageTag("7.2").WithPersistence();
        var bus = builder.AddRabbitMQ("bus").WithManagementPlugin().WithBindMount("definitions", "/etc/definitions", isReadOnly: true);
        var greeting = builder.AddParameter("greeting", "hello", publishValueAsDefault: true);
        var tool = builder.AddExecutable("tool", "sleep", builder.Configuration["tools"]!, "1000").WithHttpEndpoint();
        builder.AddExecutable("inbox", "sleep", "/").WithEndpoint(scheme: "smtp").ExcludeFromManifest();
        builder.AddProject<Projects.LocalHosting_SampleService>("api").WithHttpEndpoint().WithExternalHttpEndpoints().WithHttpEndpoint(name: "admin").WithReplicas(2)
            .WithArgs("--greeting", greeting)
            .WithReference(orders).WithReference(cache).WithReference(bus).WithReference(builder.AddConnectionString("legacy"))
            .WithReference(builder.AddConnectionString("reports", ReferenceExpression.Create($"{orders};Timeout=5")))
            .WithReference(builder.AddExternalService("elsewhere", "https://example.org/"))
            .WithEnvironment("TOKEN", builder.AddParameter("token", secret: true)).WithEnvironment("TOOL", tool.GetEndpoint("http"))
            .WaitFor(orders).WaitFor(bus);
    }

    private static async Task<JsonElement> ResourceAsync(string name) => Resource(await ManifestAsync(Everything), name);

    private static JsonElement Resource(JsonElement manifest, string name) => manifest.GetProperty("resources").GetProperty(name);

    private static async Task<JsonElement> ManifestAsync(Action<IDistributedApplicationBuilder> model)
    {
        using var data = new TemporaryDirectory();
        await using var builder = DistributedApplicationTestingBuilder.Create("--publisher", "manifest", "--output-path", data.Combine("manifest.json"), "--tools", data.Combine("tools"));
        model(builder);
        await using var app = await builder.BuildAsync();
        await app.StartAsync();
        return JsonDocument.Parse(await File.ReadAllTextAsync(data.Combine("manifest.json"))).RootElement;
    }

    private static void AssertJson(string expected, JsonElement actual)
    {
        var wanted = JsonNode.Parse(expected);
        Assert.True(JsonNode.DeepEquals(wanted, JsonNode.Parse(actual.GetRawText())), $"{wanted}\nis not\n{actual}");
    }

    private sealed class Unknown(string name) : Resource(name);
}

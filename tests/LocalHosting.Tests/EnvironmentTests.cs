namespace PhotoPlatform.LocalHosting.Tests;

/// <summary>What a process finds in its environment.</summary>
public sealed class EnvironmentTests
{
    [Fact]
    public async Task References_become_the_variables_that_client_libraries_expect()
    {
        await using var test = new TestApplication("--Parameters:pw=p w;1", "--ConnectionStrings:given=G");
        var password = test.Builder.AddParameter("pw", secret: true);
        // Their addresses are known without starting them.
        var postgres = test.Builder.AddPostgres("pg-main", password: password).WithExplicitStart();
        var database = postgres.AddDatabase("orders-db", "orders");
        var redis = test.Builder.AddRedis("redis", password: password).WithExplicitStart();
        var bus = test.Builder.AddRabbitMQ("bus", password: password).WithExplicitStart();
        var basket = test.Service("basket-api").WithHttpEndpoint().WithEndpoint(name: "admin", scheme: "http").WithExplicitStart();
        var service = test.WebService("service")
            .WithReference(database, "orders").WithReference(redis).WithReference(bus).WithReference(test.Builder.AddConnectionString("given"))
            .WithReference(test.Builder.AddConnectionString("absent"), optional: true)
            .WithReference(basket).WithReference("weather", new Uri("https://example.test/"))
            .WithEnvironment("Plain", "text").WithEnvironment("Mixed", $"[{basket.GetEndpoint("http").Property(EndpointProperty.Port)}]")
            .WithEnvironment("Lazy", () => "late").WithEnvironment("Secret", password).WithEnvironment("Url", basket.GetEndpoint("http"))
            .WithEnvironment(context => context.EnvironmentVariables["Plain"] = "overwritten");

        await test.Application.StartAsync();
        await test.Notifications.WaitForResourceHealthyAsync("service");
        var environment = await TestApplication.GetAsync<Dictionary<string, string>>(service, "/environment");

        var (pg, rd, mq) = (postgres.Resource.PrimaryEndpoint.Port, redis.Resource.PrimaryEndpoint.Port, bus.Resource.PrimaryEndpoint.Port);
        var (http, admin) = (basket.GetEndpoint("http").Port, basket.GetEndpoint("admin").Port);
        var expected = new Dictionary<string, string>
        {
            ["ConnectionStrings__orders"] = $"Host=localhost;Port={pg};Username=postgres;Password=p w;1;Database=orders",
            ["ORDERS_HOST"] = "localhost",
            ["ORDERS_PORT"] = $"{pg}",
            ["ORDERS_USERNAME"] = "postgres",
            ["ORDERS_PASSWORD"] = "p w;1",
            ["ORDERS_DATABASENAME"] = "orders",
            ["ORDERS_URI"] = $"postgresql://postgres:p%20w%3B1@localhost:{pg}/orders",
            ["ORDERS_JDBCCONNECTIONSTRING"] = $"jdbc:postgresql://localhost:{pg}/orders",
            ["ConnectionStrings__redis"] = $"localhost:{rd},password=p w;1",
            ["REDIS_URI"] = $"redis://:p%20w%3B1@localhost:{rd}",
            ["ConnectionStrings__bus"] = $"amqp://guest:p%20w%3B1@localhost:{mq}",
            ["BUS_USERNAME"] = "guest",
            ["ConnectionStrings__given"] = "G",
            ["services__basket-api__http__0"] = $"http://localhost:{http}",
            ["services__basket-api__admin__0"] = $"http://localhost:{admin}",
            ["BASKET_API_HTTP"] = $"http://localhost:{http}",
            ["BASKET_API_ADMIN"] = $"http://localhost:{admin}",
            ["services__weather__default__0"] = "https://example.test/",
            ["weather"] = "https://example.test/",
            ["Plain"] = "overwritten",
            ["Mixed"] = $"[{http}]",
            ["Lazy"] = "late",
            ["Secret"] = "p w;1",
            ["Url"] = $"http://localhost:{http}",
            ["ASPNETCORE_URLS"] = service.GetEndpoint("http").Url,
            ["OTEL_SERVICE_NAME"] = "service",
        };
        Assert.Equal(expected.OrderBy(entry => entry.Key), expected.Keys.Order().Select(key => KeyValuePair.Create(key, environment.GetValueOrDefault(key, "(absent)"))));
        Assert.Matches("^service\\.instance\\.id=[a-z]{8}$", environment["OTEL_RESOURCE_ATTRIBUTES"]);
        Assert.DoesNotContain("ConnectionStrings__absent", environment.Keys);
        Assert.DoesNotContain("DOTNET_ENVIRONMENT", environment.Keys);
    }

    [Fact]
    public async Task A_missing_connection_string_fails_the_resource_by_name()
    {
        await using var test = new TestApplication();
        test.Service("service").WithReference(test.Builder.AddConnectionString("absent"));

        var failure = await Assert.ThrowsAnyAsync<DistributedApplicationException>(() => test.Application.StartAsync());

        Assert.Contains("service failed to start: The connection string 'absent' has no value; set ConnectionStrings:absent.", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Arguments_are_text_or_lazy_values()
    {
        await using var test = new TestApplication();
        var tool = test.Builder.AddExecutable("tool", "echo", "/", "first").WithEndpoint(name: "tcp");
        tool.WithArgs("--port", tool.GetEndpoint("tcp").Property(EndpointProperty.TargetPort)).WithArgs(context => context.Args.Add(7));

        await test.Application.StartAsync();

        Assert.Equal($"first --port {tool.GetEndpoint("tcp").Port} 7", await test.LogLineAsync("tool", "first"));
    }

    [Fact]
    public async Task Program_cs_learns_the_data_directory_and_its_own_options()
    {
        await using var test = new TestApplication("--verbose", "--gateway-port", "9090");

        Assert.Equal(test.Data, test.Builder.Configuration["data"]);
        Assert.Equal("9090", test.Builder.Configuration["gateway-port"]);
    }
}

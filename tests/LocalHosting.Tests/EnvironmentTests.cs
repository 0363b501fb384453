namespace PhotoPlatform.LocalHosting.Tests;

/// <summary>What a process finds in its environment because of what it refers to. Addresses are known without starting the servers.</summary>
public sealed class EnvironmentTests
{
    [Fact]
    public async Task A_connection_string_is_handed_on_under_the_name_of_the_reference()
    {
        await using var test = new TestApplication("--Parameters:pw=p w;1", "--ConnectionStrings:Given=G", "--ConnectionStrings:renamed=R");
        var password = test.Builder.AddParameter("pw", secret: true);
        var postgres = test.Builder.AddPostgres("pg", password: password).WithExplicitStart();
        var redis = test.Builder.AddRedis("redis", password: password).WithExplicitStart();
        var bus = test.Builder.AddRabbitMQ("bus", password: password).WithExplicitStart();
        test.PrintingProgram().WithReference(postgres).WithReference(postgres.AddDatabase("orders-db", "orders"), "Orders").WithReference(redis).WithReference(bus)
            .WithReference(test.Builder.AddConnectionString("Given")).WithReference(test.Builder.AddConnectionString("renamed", "RENAMED_DSN"))
            .WithReference(test.Builder.AddConnectionString("blobs", ReferenceExpression.Create($"Endpoint={redis.GetEndpoint("tcp").Property(EndpointProperty.HostAndPort)}")));

        var environment = await test.PrintedAsync();

        var (pg, rd, mq) = (postgres.Resource.PrimaryEndpoint.Port, redis.Resource.PrimaryEndpoint.Port, bus.Resource.PrimaryEndpoint.Port);
        Assert.Equal($"Host=localhost;Port={pg};Username=postgres;Password=p w;1", environment["ConnectionStrings__pg"]);
        Assert.Equal($"Host=localhost;Port={pg};Username=postgres;Password=p w;1;Database=orders", environment["ConnectionStrings__Orders"]);
        Assert.Equal($"localhost:{rd},password=p w;1", environment["ConnectionStrings__redis"]);
        Assert.Equal($"amqp://guest:p%20w%3B1@localhost:{mq}", environment["ConnectionStrings__bus"]);
        Assert.Equal("G", environment["ConnectionStrings__Given"]);
        Assert.Equal("R", environment["RENAMED_DSN"]);
        Assert.DoesNotContain("ConnectionStrings__renamed", environment.Keys);
        Assert.Equal($"Endpoint=localhost:{rd}", environment["ConnectionStrings__blobs"]);
    }

    [Fact]
    public async Task The_parts_of_a_connection_string_are_variables_too()
    {
        await using var test = new TestApplication("--Parameters:pw=p w;1", "--Parameters:user=u@x");
        var (user, password) = (test.Builder.AddParameter("user"), test.Builder.AddParameter("pw", secret: true));
        var postgres = test.Builder.AddPostgres("pg-main", user, password).WithExplicitStart();
        var redis = test.Builder.AddRedis("redis", password: password).WithExplicitStart();
        var bus = test.Builder.AddRabbitMQ("bus", user, password).WithExplicitStart();
        test.PrintingProgram().WithReference(postgres).WithReference(postgres.AddDatabase("orders-db", "orders"), "orders").WithReference(redis).WithReference(bus);

        var environment = await test.PrintedAsync();

        var (pg, rd, mq) = (postgres.Resource.PrimaryEndpoint.Port, redis.Resource.PrimaryEndpoint.Port, bus.Resource.PrimaryEndpoint.Port);
        AssertVariables(environment, new()
        {
            ["PG_MAIN_HOST"] = "localhost",
            ["PG_MAIN_PORT"] = $"{pg}",
            ["PG_MAIN_USERNAME"] = "u@x",
            ["PG_MAIN_PASSWORD"] = "p w;1",
            ["PG_MAIN_URI"] = $"postgresql://u%40x:p%20w%3B1@localhost:{pg}",
            ["PG_MAIN_JDBCCONNECTIONSTRING"] = $"jdbc:postgresql://localhost:{pg}",
            ["ORDERS_HOST"] = "localhost",
            ["ORDERS_PORT"] = $"{pg}",
            ["ORDERS_USERNAME"] = "u@x",
            ["ORDERS_PASSWORD"] = "p w;1",
            ["ORDERS_DATABASENAME"] = "orders",
            ["ORDERS_URI"] = $"postgresql://u%40x:p%20w%3B1@localhost:{pg}/orders",
            ["ORDERS_JDBCCONNECTIONSTRING"] = $"jdbc:postgresql://localhost:{pg}/orders",
            ["REDIS_HOST"] = "localhost",
            ["REDIS_PORT"] = $"{rd}",
            ["REDIS_PASSWORD"] = "p w;1",
            ["REDIS_URI"] = $"redis://:p%20w%3B1@localhost:{rd}",
            ["BUS_HOST"] = "localhost",
            ["BUS_PORT"] = $"{mq}",
            ["BUS_USERNAME"] = "u@x",
            ["BUS_PASSWORD"] = "p w;1",
            ["BUS_URI"] = $"amqp://u%40x:p%20w%3B1@localhost:{mq}",
        });
    }

    [Fact]
    public async Task An_optional_connection_string_that_is_missing_leaves_no_trace()
    {
        await using var test = new TestApplication();
        var secret = test.Builder.AddParameter("unset");
        test.PrintingProgram().WithReference(test.Builder.AddConnectionString("absent"), optional: true)
            .WithReference(test.Builder.AddConnectionString("half", ReferenceExpression.Create($"Key={secret}")), optional: true);

        var environment = await test.PrintedAsync();

        Assert.DoesNotContain(environment.Keys, name => name.StartsWith("ConnectionStrings__", StringComparison.Ordinal));
        await test.Notifications.WaitForResourceAsync("absent", "Value missing");
        await test.Notifications.WaitForResourceAsync("half", "Value missing");
        await test.Notifications.WaitForResourceAsync("unset", "Value missing");
    }

    [Fact]
    public async Task A_missing_connection_string_fails_the_resource_by_name()
    {
        await using var test = new TestApplication();
        test.PrintingProgram("service").WithReference(test.Builder.AddConnectionString("absent"));

        var failure = await Assert.ThrowsAnyAsync<DistributedApplicationException>(() => test.Application.StartAsync());

        Assert.Contains("service failed to start: The connection string 'absent' has no value; set ConnectionStrings:absent.", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_endpoints_of_a_service_are_keyed_by_their_name_and_by_their_scheme()
    {
        await using var test = new TestApplication();
        var basket = test.Service("basket-api").WithHttpEndpoint().WithEndpoint(name: "admin", scheme: "http").WithEndpoint(name: "queue", scheme: "tcp").WithExplicitStart();
        test.PrintingProgram().WithReference(basket).WithReference(basket.GetEndpoint("admin")).WithReference(basket, "shop");

        var environment = await test.PrintedAsync();

        string Url(string endpoint) => basket.GetEndpoint(endpoint).Url;
        AssertVariables(environment, new()
        {
            ["services__basket-api__http__0"] = Url("http"),
            ["services__basket-api__admin__0"] = Url("admin"),
            ["services__basket-api__queue__0"] = Url("queue"),
            ["services__basket-api__tcp__0"] = Url("queue"),
            ["services__shop__http__0"] = Url("http"),
            ["BASKET_API_HTTP"] = Url("http"),
            ["BASKET_API_ADMIN"] = Url("admin"),
            ["BASKET_API_QUEUE"] = Url("queue"),
            ["BASKET_API_TCP"] = Url("queue"),
            ["SHOP_HTTP"] = Url("http"),
        });
        Assert.Equal($"http://localhost:{basket.GetEndpoint("http").Port}", Url("http"));
    }

    [Fact]
    public async Task A_resource_chooses_which_kinds_of_variables_its_references_become()
    {
        await using var test = new TestApplication("--ConnectionStrings:given=G");
        var basket = test.Service("basket").WithHttpEndpoint().WithExplicitStart();
        var redis = test.Builder.AddRedis("redis").WithExplicitStart();
        test.PrintingProgram().WithReference(basket).WithReference(redis).WithReference("weather", new Uri("https://example.test/"))
            .WithReferenceEnvironment(ReferenceEnvironmentInjectionFlags.ServiceDiscovery | ReferenceEnvironmentInjectionFlags.ConnectionString);

        var environment = await test.PrintedAsync();

        Assert.Superset(new HashSet<string> { "services__basket__http__0", "ConnectionStrings__redis", "services__weather__default__0" }, environment.Keys.ToHashSet());
        Assert.Empty(environment.Keys.Intersect(["BASKET_HTTP", "REDIS_HOST", "weather"]));
    }

    [Fact]
    public async Task An_address_outside_the_application_is_handed_on()
    {
        await using var test = new TestApplication("--Parameters:maps-url=https://maps.test/");
        var maps = test.Builder.AddExternalService("maps-api", test.Builder.AddParameter("maps-url"));
        var news = test.Builder.AddExternalService("news", "http://news.test:81/");
        test.PrintingProgram().WithReference("weather", new Uri("https://example.test/v1/")).WithReference(maps).WithReference(news).WithEnvironment("NewsUrl", news).WaitFor(news);

        var environment = await test.PrintedAsync();

        AssertVariables(environment, new()
        {
            ["services__weather__default__0"] = "https://example.test/v1/",
            ["weather"] = "https://example.test/v1/",
            ["services__maps-api__https__0"] = "https://maps.test/",
            ["MAPS_API"] = "https://maps.test/",
            ["services__news__http__0"] = "http://news.test:81/",
            ["NEWS"] = "http://news.test:81/",
            ["NewsUrl"] = "http://news.test:81/",
        });
    }

    [Theory]
    [InlineData("/relative/")]
    [InlineData("https://example.test/no-slash")]
    [InlineData("https://example.test/?query")]
    [InlineData("https://example.test/#fragment")]
    public async Task An_address_to_which_no_path_can_be_added_is_refused(string address)
    {
        await using var test = new TestApplication();

        var uri = new Uri(address, UriKind.RelativeOrAbsolute);
        Assert.Throws<InvalidOperationException>(() => test.PrintingProgram().WithReference("weather", uri));
        Assert.Throws<DistributedApplicationException>(() => test.Builder.AddExternalService("weather", uri));
    }

    [Fact]
    public async Task Values_are_evaluated_in_their_order_anew_at_every_start()
    {
        await using var test = new TestApplication("--Parameters:key=K");
        var key = test.Builder.AddParameter("key", secret: true);
        var starts = 0;
        var printer = test.PrintingProgram().WithEndpoint(name: "tcp").WithEnvironment("First", "1").WithEnvironment("Plain", "text").WithEnvironment("Absent", (string?)null)
            .WithEnvironment("Lazy", () => $"start {++starts}").WithEnvironment("Secret", key).WithEnvironment("Mixed", $"[{key}]")
            .WithEnvironment(context => context.EnvironmentVariables["Seen"] = $"{context.EnvironmentVariables["Plain"]} of {context.Resource.Name}")
            .WithEnvironment("Plain", "overwritten").WithEnvironment(context => context.EnvironmentVariables.Remove("First"));
        printer.WithEnvironment("Port", printer.GetEndpoint("tcp").Property(EndpointProperty.Port));
        printer.OnBeforeResourceStarted((_, _, _) =>
        {
            var before = $"{starts}";
            printer.WithEnvironment("Late", before);
            return Task.CompletedTask;
        });

        var first = await test.PrintedAsync();
        await test.Notifications.WaitForResourceAsync("printer", KnownResourceStates.Finished);
        Assert.True((await test.Application.ResourceCommands.ExecuteCommandAsync("printer", KnownResourceCommands.StartCommand)).Success);
        var second = await test.PrintAsync(run: 2);

        AssertVariables(first, new()
        {
            ["Absent"] = "",
            ["Lazy"] = "start 1",
            ["Secret"] = "K",
            ["Mixed"] = "[K]",
            ["Seen"] = "text of printer",
            ["Plain"] = "overwritten",
            ["Port"] = $"{printer.GetEndpoint("tcp").Port}",
            ["Late"] = "0",
        });
        Assert.DoesNotContain("First", first.Keys);
        Assert.Equal("start 2", second["Lazy"]);
        Assert.Equal("1", second["Late"]);
    }

    [Fact]
    public async Task A_missing_parameter_fails_the_resource_that_needs_it()
    {
        await using var test = new TestApplication();
        test.PrintingProgram().WithEnvironment("Key", test.Builder.AddParameter("api-key"));

        var failure = await Assert.ThrowsAnyAsync<DistributedApplicationException>(() => test.Application.StartAsync());

        Assert.Contains("printer failed to start: The parameter 'api-key' has no value; set Parameters:api-key", failure.Message, StringComparison.Ordinal);
        Assert.Equal("Value missing", await test.Notifications.WaitForResourceAsync("api-key", ["Value missing"]));
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

    private static void AssertVariables(IReadOnlyDictionary<string, string> environment, SortedDictionary<string, string> expected) =>
        Assert.Equal(expected, expected.Keys.Select(name => KeyValuePair.Create(name, environment.GetValueOrDefault(name, "(absent)"))));
}

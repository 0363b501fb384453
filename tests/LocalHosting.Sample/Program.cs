using PhotoPlatform.AppHost.Postgres;

// An AppHost with one small topology per test: --topology NAME.
if (args is ["--topology", "two-under-test", "--data", var data, ..])
{
    await TwoUnderTest.RunAsync(data);
    return;
}

var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions { Args = args, DashboardApplicationName = "Sample" });

switch (builder.Configuration["topology"])
{
    case "servers":
        var orders = builder.AddPostgres("postgres").AddDatabase("orders");
        var redis = builder.AddRedis("redis");
        var bus = builder.AddRabbitMQ("bus");
        if (builder.Configuration["management"] == "true")
            bus.WithManagementPlugin();
        var migration = Service("migration").WithArgs("exit", "0").WithReference(orders).WaitFor(orders);
        WebService("api").WithExternalHttpEndpoints().WithReference(orders).WithReference(redis).WithReference(bus)
            .WaitFor(redis).WaitFor(bus).WaitForCompletion(migration);
        break;
    case "standby":
        var primary = builder.AddPostgres("postgres");
        primary.AddDatabase("orders");
        primary.AddStandby("standby");
        break;
    case "failing-migration":
        WebService("api").WaitForCompletion(Service("migration").WithArgs("exit", "3"));
        break;
    case "missing-program":
        builder.AddExecutable("tool", "no-such-program", ".");
        break;
    case "stubborn":
        builder.AddExecutable("tool", "bash", ".", "-c", "trap '' TERM; echo ready to stay; while :; do sleep 1; done");
        break;
    case "redis":
        builder.AddRedis("redis");
        break;
    case "fixed-port":
        Service("api").WithHttpEndpoint(port: int.Parse(builder.Configuration["port"]!, System.Globalization.CultureInfo.InvariantCulture));
        break;
    case "replicas":
        var twice = WebService("twice").WithReplicas(2);
        WebService("caller").WithExternalHttpEndpoints().WithReference(twice).WaitFor(twice);
        break;
    case "no-replicas":
        WebService("api").WithReplicas(0);
        break;
    case "no-application":
        return;
    case "bad-name":
        WebService("my api");
        break;
    case "services":
        var inner = WebService("inner");
        WebService("outer").WithExternalHttpEndpoints().WithReference(inner).WaitFor(inner);
        break;
}

builder.Build().Run();

IResourceBuilder<ProjectResource> Service(string name) => builder.AddProject<Projects.LocalHosting_SampleService>(name);

IResourceBuilder<ProjectResource> WebService(string name) => Service(name).WithHttpEndpoint().WithHttpHealthCheck("/health");

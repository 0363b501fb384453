using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Aspire.Hosting.Eventing;
using Aspire.Hosting.Lifecycle;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace PhotoPlatform.LocalHosting.Tests;

/// <summary>An application, a library with its desk and its archive, that says in Aspire's words all that those words can say; each test shows that a part of it happens.</summary>
public sealed class ConformanceTests
{
    [Fact]
    public async Task Values_of_every_kind_reach_a_process()
    {
        await using var test = new TestApplication("--Parameters:town=Sankt Gallen", "--Library:Opens=9", "--Parameters:card_key=a/b&c");
        var builder = test.Builder;
        var town = builder.AddParameter(name: "town", secret: false).WithDescription("Where it is", enableMarkdown: true);
        var shelves = builder.AddParameter(name: "shelves", value: "12", publishValueAsDefault: true, secret: false);
        var asked = 0;
        var reader = builder.AddParameter(name: "reader", valueGetter: () => $"reader-{++asked}", publishValueAsDefault: false, secret: false);
        var opens = builder.AddParameterFromConfiguration(name: "opens", configurationKey: "Library:Opens", secret: false);
        var key = builder.AddParameter("card-key", secret: true);
        var seal = builder.AddParameter(name: "seal", value: new GenerateParameterDefault { MinLength = 30, Special = false }, secret: true, persist: false);
        var archive = builder.AddResource(new Archive("archive", key.Resource)).WithEndpoint(name: "books", scheme: "books").WithExplicitStart();
        var address = archive.GetEndpoint("books").Property(EndpointProperty.HostAndPort);
        ReferenceExpression shelf = ReferenceExpression.Create($"{{{town}}}/{shelves}");
        var print = test.PrintingProgram()
            .WithEnvironment("TEXT", "plain")
            .WithEnvironment("CALLBACK", () => "called")
            .WithEnvironment("EXPRESSION", shelf)
            .WithEnvironment("NESTED", $"<{shelf}|{town:uri}|{key:uri}|{"a b":uri}>")
            .WithEnvironment("ENDPOINT", archive.GetEndpoint("books"))
            .WithEnvironment("PROPERTY", address)
            .WithEnvironment("PARAMETER", town)
            .WithEnvironment("READER", reader).WithEnvironment("READER_AGAIN", reader)
            .WithEnvironment("OPENS", opens).WithEnvironment("SEAL", seal)
            .WithEnvironment("ARCHIVE", archive)
            .WithEnvironment(context => context.EnvironmentVariables["NUMBER"] = 7)
            .WithEnvironment(async context =>
            {
                await Task.Yield();
                context.Logger.LogInformation("{Mode} for {Name}", context.ExecutionContext.IsRunMode ? "run" : "publish", context.Resource.Name);
                context.EnvironmentVariables["BUILDER"] = town;
            })
            .WithReference(archive, connectionName: "books", optional: false);

        var environment = await test.PrintedAsync();

        var port = archive.GetEndpoint("books").Port;
        var expected = new Dictionary<string, string>
        {
            ["TEXT"] = "plain",
            ["CALLBACK"] = "called",
            ["EXPRESSION"] = "{Sankt Gallen}/12",
            ["NESTED"] = "<{Sankt Gallen}/12|Sankt%20Gallen|a%2Fb%26c|a%20b>",
            ["ENDPOINT"] = $"books://localhost:{port}",
            ["PROPERTY"] = $"localhost:{port}",
            ["PARAMETER"] = "Sankt Gallen",
            ["READER"] = "reader-1",
            ["READER_AGAIN"] = "reader-1",
            ["OPENS"] = "9",
            ["ARCHIVE"] = $"books://localhost:{port}/?card=a%2Fb%26c",
            ["BOOKS_DSN"] = $"books://localhost:{port}/?card=a%2Fb%26c",
            ["BOOKS_CARD_KEY"] = "a/b&c",
            ["NUMBER"] = "7",
            ["BUILDER"] = "Sankt Gallen",
        };
        Assert.Equal(expected, expected.Keys.ToDictionary(name => name, name => environment.GetValueOrDefault(name, "(absent)")));
        Assert.Equal(30, environment["SEAL"].Length);
        await test.LogLineAsync("printer", "run for printer");
        Assert.Equal("Where it is", town.Resource.Description);
        Assert.Equal("{{town.value}}/{shelves.value}", shelf.ValueExpression);
        Assert.Same(print.Resource, test.Builder.Resources.Single(resource => resource.Name == "printer"));
    }

    [Fact]
    public async Task Commands_run_in_the_application_or_call_the_resource()
    {
        await using var test = new TestApplication();
        var desk = test.WebService("desk")
            .WithCommand(name: "stamp", displayName: "Stamp", executeCommand: async context =>
            {
                await Task.Yield();
                return context.ServiceProvider.GetService<ILoggerFactory>() is null ? CommandResults.Failure("no services") : CommandResults.Failure($"{context.ResourceName} has no stamp");
            }, commandOptions: new CommandOptions { Description = "Stamps a book", ConfirmationMessage = "Sure?", IconName = "Stamp", IconVariant = IconVariant.Regular, IsHighlighted = true })
            .WithCommand("closed", "Closed", _ => Task.FromResult(CommandResults.Success()), new CommandOptions
            {
                UpdateState = context => context.ResourceSnapshot.State?.Text == KnownResourceStates.Running ? ResourceCommandState.Disabled : ResourceCommandState.Enabled,
            })
            .WithCommand("cancelled", "Cancelled", _ => Task.FromResult(CommandResults.Canceled()))
            .WithCommand("broken", "Broken", _ => throw new InvalidOperationException("torn page"))
            .WithHttpCommand(path: "/pid", displayName: "Number", endpointName: "http", commandName: "number", commandOptions: new HttpCommandOptions { Method = HttpMethod.Get });
        desk.WithHttpCommand("/nowhere", "Lost", commandOptions: new HttpCommandOptions { EndpointSelector = () => desk.GetEndpoint("http") });
        await test.Application.StartAsync();
        await test.Notifications.WaitForResourceHealthyAsync("desk");

        Task<ExecuteCommandResult> Run(string command) => test.Application.ResourceCommands.ExecuteCommandAsync(desk.Resource, command);

        Assert.Equal("desk has no stamp", (await Run("stamp")).ErrorMessage);
        Assert.False((await Run("closed")).Success);
        Assert.True((await Run("cancelled")).Canceled);
        Assert.Equal("torn page", (await Run("broken")).ErrorMessage);
        Assert.True((await Run("number")).Success);
        Assert.Equal("POST /nowhere answered 404.", (await Run("http-post-/nowhere")).ErrorMessage);
        Assert.False((await test.Application.ResourceCommands.ExecuteCommandAsync("desk", "unknown")).Success);
        Assert.True((await test.Application.ResourceCommands.ExecuteCommandAsync(resourceId: "desk", commandName: KnownResourceCommands.StopCommand)).Success);
        Assert.True((await Run("closed")).Success);
        Assert.False((await Run("number")).Success);
    }

    [Fact]
    public async Task Links_are_added_changed_and_put_in_order()
    {
        await using var test = new TestApplication("--Parameters:host=books.test");
        var host = test.Builder.AddParameter("host");
        var desk = test.Service("desk").WithHttpEndpoint(name: "http").WithHttpEndpoint(name: "staff").WithExternalHttpEndpoints().AsHttp2Service();
        desk.WithUrl("https://docs.test/", displayText: "Docs")
            .WithUrl(ReferenceExpression.Create($"https://{host}/"), "Books")
            .WithUrl($"{desk.GetEndpoint("http")}/catalogue?of={host:uri}", "Catalogue")
            .WithUrlForEndpoint("http", url => url.Url = "/welcome")
            .WithUrlForEndpoint("staff", endpoint => new ResourceUrlAnnotation { Url = $"/rota/{endpoint.EndpointName}", DisplayText = "Rota", DisplayLocation = UrlDisplayLocation.DetailsOnly })
            .WithUrls(context => context.Urls.Single(url => url.DisplayText == "Docs").DisplayOrder = 10)
            .WithUrls(context =>
            {
                context.Urls.RemoveAll(url => url.Endpoint?.EndpointName == context.GetEndpoint("staff")!.EndpointName && url.DisplayText is null);
                return Task.CompletedTask;
            });
        await test.Application.StartAsync();

        Assert.True(test.Notifications.TryGetCurrentState("desk", out var state));

        var (http, staff) = (desk.GetEndpoint("http").Url, desk.GetEndpoint("staff").Url);
        Assert.Equal([
            new UrlSnapshot("Docs", "https://docs.test/", IsInternal: false),
            new UrlSnapshot("http", $"{http}/welcome", IsInternal: false),
            new UrlSnapshot("Books", "https://books.test/", IsInternal: false),
            new UrlSnapshot("Catalogue", $"{http}/catalogue?of=books.test", IsInternal: false),
            new UrlSnapshot("Rota", $"{staff}/rota/staff", IsInternal: true),
        ], state.Snapshot.Urls);
        Assert.All(desk.Resource.GetEndpoints(), endpoint => Assert.True(endpoint.EndpointAnnotation is { IsExternal: true, Transport: "http2" }));
    }

    [Fact]
    public async Task Endpoints_are_declared_with_every_overload()
    {
        await using var test = new TestApplication();
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        var desk = test.Builder.AddExecutable("desk", "env", "/", args: [(object)"--"])
            .WithEndpoint(port: null, targetPort: null, scheme: "ftp", name: "files", env: "FILES_PORT", isProxied: true, isExternal: false, protocol: ProtocolType.Tcp)
            .WithEndpoint(null, null, "tcp", "raw", "RAW", true, true)
            .WithEndpoint("raw", endpoint => endpoint.IsExternal = false, createIfNotExists: false)
            .WithEndpoint("absent", endpoint => endpoint.IsExternal = true, createIfNotExists: false)
            .WithEndpoint("made", endpoint => endpoint.UriScheme = "made")
            .WithHttpEndpoint(port: port, targetPort: null, name: "web", env: "WEB_PORT", isProxied: false)
            .WithHttpsEndpoint(name: "secure", env: "SECURE_PORT");

        var environment = await test.PrintedAsync("desk");

        Assert.Equal(["files", "raw", "made", "web", "secure"], desk.Resource.GetEndpoints().Select(endpoint => endpoint.EndpointName));
        Assert.Equal(desk.GetEndpoint("files").Url, $"ftp://localhost:{environment["FILES_PORT"]}");
        Assert.Equal(desk.GetEndpoint("raw").Url, $"tcp://localhost:{environment["RAW"]}");
        Assert.Equal(desk.GetEndpoint("secure").Url, $"https://localhost:{environment["SECURE_PORT"]}");
        Assert.Equal($"{port}", environment["WEB_PORT"]);
        Assert.Equal("made", desk.GetEndpoint("made").Scheme);
        Assert.Throws<DistributedApplicationException>(() => desk.WithHttpEndpoint(name: "WEB"));
    }

    [Fact]
    public async Task Relationships_health_and_waits_hold_the_model_together()
    {
        await using var test = new TestApplication();
        test.Builder.Services.AddHealthChecks().AddCheck("catalogue-complete", () => HealthCheckResult.Healthy("all there"));
        var archive = test.Sleeper("archive").WithHealthCheck(key: "catalogue-complete").WithIconName("Archive", iconVariant: IconVariant.Regular);
        var binding = test.Builder.AddExecutable("binding", "true", "/").WaitFor(archive, WaitBehavior.StopOnResourceUnavailable);
        var desk = test.Service("desk").WithHttpEndpoint().WithHttpHealthCheck(path: "/health", statusCode: 200, endpointName: "http")
            .WaitFor(archive).WaitForStart(archive, WaitBehavior.WaitOnResourceUnavailable).WaitForCompletion(binding, exitCode: 0);
        desk.WithHttpHealthCheck(() => desk.GetEndpoint("http"), "/pid", 200)
            .WithParentRelationship(archive).WithRelationship(binding.Resource, "Uses").WithReferenceRelationship(binding.Resource).ExcludeFromManifest();
        var attic = test.Sleeper("attic").WithExplicitStart().WithParentRelationship(archive.Resource).WaitForStart(desk);
        archive.WithChildRelationship(binding);

        await test.Application.StartAsync();
        var healthy = await test.Notifications.WaitForResourceHealthyAsync("desk");

        Assert.Equal(["desk_http_/health_200_check", "desk_http_/pid_200_check"], healthy.Snapshot.HealthReports.Select(report => report.Name));
        Assert.True(test.Notifications.TryGetCurrentState("attic", out var waiting) && waiting.Snapshot.State == KnownResourceStates.NotStarted);
        Assert.True((await test.Application.ResourceCommands.ExecuteCommandAsync(attic.Resource, KnownResourceCommands.StartCommand)).Success);
        await test.Notifications.WaitForResourceAsync("attic");
        Assert.Equal([("archive", "Parent"), ("binding", "Uses"), ("binding", "Reference")],
            desk.Resource.Annotations.OfType<ResourceRelationshipAnnotation>().Select(edge => (edge.Resource.Name, edge.Type)));
        Assert.True(binding.Resource.TryGetAnnotationsOfType<ResourceRelationshipAnnotation>(out var edges) && edges.Single().Resource == archive.Resource);
        Assert.Throws<DistributedApplicationException>(() => desk.WithHttpHealthCheck(endpointName: "absent"));
        Assert.Throws<DistributedApplicationException>(() => desk.WaitFor(desk));
    }

    [Fact]
    public async Task The_events_of_a_resource_come_in_their_order()
    {
        await using var test = new TestApplication();
        var seen = new ConcurrentQueue<string>();
        Task See(string what)
        {
            seen.Enqueue(what);
            return Task.CompletedTask;
        }

        test.Builder.Services.TryAddEventingSubscriber<Subscriber>();
        test.Builder.Services.TryAddEventingSubscriber<Subscriber>();
        test.Builder.Services.AddSingleton(seen);
        test.Builder.Eventing.Subscribe<BeforeStartEvent>((start, _) => See($"before start of {start.Model.Resources.Count}"));
        var key = new ParameterResource("key", _ => "K");
        var archive = test.Builder.AddResource(new Archive("archive", key)).WithArgs("1000").WithEndpoint(name: "books", scheme: "books")
            .OnResourceStopped((resource, stopped, _) => See($"stopped {stopped.ResourceEvent.Snapshot.State?.Text}"))
            .OnResourceReady((_, _, _) => See("ready"))
            .OnBeforeResourceStarted((_, _, _) => See("before start"))
            .OnConnectionStringAvailable(async (resource, _, cancellationToken) => await See($"connection {await ((IResourceWithConnectionString)resource).GetConnectionStringAsync(cancellationToken) is not null}"))
            .OnResourceEndpointsAllocated((resource, _, _) => See($"endpoints {resource.GetEndpoint("books").IsAllocated}"))
            .OnInitializeResource((_, initialize, _) => See($"initialize {initialize.Logger is not null}"))
            .WithArgs(_ => { seen.Enqueue("arguments"); })
            .WithEnvironment(_ => { seen.Enqueue("environment"); });
        var ready = test.Builder.Eventing.Subscribe<ResourceReadyEvent>(archive.Resource, (_, _) => See("never"));
        test.Builder.Eventing.Unsubscribe(ready);

        await test.Application.StartAsync();
        await test.Notifications.WaitForResourceHealthyAsync("archive");
        await test.Application.ResourceCommands.ExecuteCommandAsync("archive", KnownResourceCommands.StopCommand);
        await test.Application.StopAsync();

        Assert.Equal(["subscribed", "before start of 1", "initialize True", "endpoints True", "connection True", "before start", "environment", "arguments", "ready", "stopped Finished"],
            seen.Where(what => what != "created"));
        Assert.Contains("created", seen);
    }

    [Fact]
    public async Task An_event_of_ones_own_reaches_every_subscriber_as_it_was_asked()
    {
        await using var test = new TestApplication();
        var release = new TaskCompletionSource();
        var seen = new ConcurrentQueue<int>();
        test.Builder.Eventing.Subscribe<Closing>(async (closing, _) =>
        {
            await release.Task;
            seen.Enqueue(closing.Hour);
        });

        await test.Builder.Eventing.PublishAsync(new Closing(17), EventDispatchBehavior.NonBlockingSequential);
        Assert.Empty(seen);
        var blocking = test.Builder.Eventing.PublishAsync(new Closing(18), EventDispatchBehavior.BlockingConcurrent);
        Assert.False(blocking.IsCompleted);
        release.SetResult();
        await blocking;
        await test.Builder.Eventing.PublishAsync(new Closing(19));

        Assert.Contains(18, seen);
        Assert.Contains(19, seen);
    }

    [Fact]
    public async Task A_resource_without_a_process_lives_by_its_own_reports()
    {
        await using var test = new TestApplication();
        var weather = test.Builder.AddResource(new Weather("weather"))
            .WithInitialState(new CustomResourceSnapshot { ResourceType = "Weather", Properties = [new("place", "roof") { IsSensitive = true }], State = KnownResourceStates.Starting })
            .OnInitializeResource((resource, initialize, _) => initialize.Notifications.PublishUpdateAsync(resource, state => state with { State = KnownResourceStates.Running }));
        test.PrintingProgram().WaitFor(weather);

        await test.PrintedAsync();

        Assert.Equal(KnownResourceStates.Running, await test.Notifications.WaitForResourceAsync("weather", KnownResourceStates.TerminalStates.Append(KnownResourceStates.Running)));
        Assert.True(test.Notifications.TryGetCurrentState("weather", out var state) && state.Snapshot is { ResourceType: "Weather", Properties: [{ Name: "place", IsSensitive: true }] });
    }

    [Fact]
    public async Task What_only_concerns_containers_changes_nothing_and_a_container_cannot_be_started()
    {
        await using var test = new TestApplication();
        test.Builder.AddPostgres("pg", port: null).WithImage("postgres", tag: "17").WithImageTag("17.1").WithLifetime(ContainerLifetime.Persistent).WithContainerName("pg")
            .WithVolume("data", "/data", isReadOnly: false).WithBindMount("/tmp", "/tmp", isReadOnly: true).WithDataVolume(name: "pg", isReadOnly: false).WithHostPort(null).WithExplicitStart();
        test.Builder.AddRedis("cache", port: null).WithDataVolume("cache").WithExplicitStart();
        test.Builder.AddRabbitMQ("bus").WithManagementPlugin(port: null).WithDataVolume().WithExplicitStart();
        var box = test.Builder.AddResource(new ContainerResource("box", entrypoint: "/bin/box"));
        test.PrintingProgram().WaitFor(box);

        var failure = await Assert.ThrowsAnyAsync<DistributedApplicationException>(() => test.Application.StartAsync());

        Assert.Equal("box is a container, and this runtime starts none; run its program with AddExecutable, or the AppHost with -p:UseAspire=true.", failure.Message);
    }

    [Fact]
    public async Task The_model_says_what_it_is()
    {
        await using var test = new TestApplication();
        var desk = test.Service("desk").WithReplicas(2);
        test.Builder.CreateResourceBuilder(desk.Resource).WithAnnotation(new HealthCheckAnnotation("a")).WithAnnotation(new HealthCheckAnnotation("b"), ResourceAnnotationMutationBehavior.Replace);

        Assert.True(test.Builder.ExecutionContext is { IsRunMode: true, IsPublishMode: false, Operation: DistributedApplicationOperation.Run });
        Assert.Equal(AppContext.BaseDirectory.TrimEnd('/'), test.Builder.AppHostDirectory.TrimEnd('/'));
        Assert.NotNull(test.Builder.AppHostAssembly);
        Assert.Equal("Production", test.Builder.Environment.EnvironmentName);
        Assert.True(desk.Resource.TryGetLastAnnotation<HealthCheckAnnotation>(out var check) && check.Key == "b");
        Assert.Equal([desk.Resource], new DistributedApplicationModel(test.Builder.Resources).GetProjectResources());
        Assert.Throws<DistributedApplicationException>(() => desk.WithReplicas(0));
    }

    private sealed record Closing(int Hour) : IDistributedApplicationEvent;

    private sealed class Weather(string name) : Resource(name), IResourceWithoutLifetime;

    /// <summary>A server of the application's own: a program with a connection string.</summary>
    private sealed class Archive(string name, ParameterResource key) : ExecutableResource(name, "sleep", "/"), IResourceWithConnectionString
    {
        public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create($"{new EndpointReference(this, "books")}/?card={key:uri}");

        public string ConnectionStringEnvironmentVariable => "BOOKS_DSN";

        public IEnumerable<KeyValuePair<string, ReferenceExpression>> GetConnectionProperties() => [new("Card-Key", ReferenceExpression.Create($"{key}"))];
    }

    private sealed class Subscriber(ConcurrentQueue<string> seen) : IDistributedApplicationEventingSubscriber
    {
        public Task SubscribeAsync(IDistributedApplicationEventing eventing, DistributedApplicationExecutionContext executionContext, CancellationToken cancellationToken)
        {
            seen.Enqueue("subscribed");
            eventing.Subscribe<AfterResourcesCreatedEvent>((_, _) =>
            {
                seen.Enqueue("created");
                return Task.CompletedTask;
            });
            return Task.CompletedTask;
        }
    }
}

var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions { Args = args, DashboardApplicationName = "PhotoPlatform" });
var (data, gatewayPort, replicas) = PlatformSettings.From(builder);
const string drain = "00:00:00.5"; // Until callers with kept connections have noticed that a replica stops.

// RabbitMQ takes longest to start.
var bus = builder.AddRabbitMQ("bus").WithDataVolume();
var postgres = builder.AddPostgres("postgres").WithDataVolume();
var usersDb = postgres.AddDatabase("users-db", "users");
var mediaDb = postgres.AddDatabase("media-db", "media");
var notifierDb = postgres.AddDatabase("notifier-db", "notifier");
var redis = builder.AddRedis("redis");
var identityKey = builder.AddParameter("identity-key", new GenerateParameterDefault { MinLength = 43, Special = false }, secret: true, persist: true);
var urlKey = builder.AddParameter("url-key", new GenerateParameterDefault { MinLength = 43, Special = false }, secret: true, persist: true);
var mailKey = builder.AddParameter("mail-key", new GenerateParameterDefault { MinLength = 43, Special = false }, secret: true, persist: true);

var blobs = new BlobStorage(builder, data);
var mail = builder.AddExecutable("mail", "/usr/bin/python3", "DevMail", "inbox.py", "--dir", Path.Combine(data, "mail"))
    .WithEndpoint(name: "smtp", scheme: "smtp").WithHttpEndpoint(name: "http").WithHttpHealthCheck("/health").ExcludeFromManifest();
mail.WithArgs("--smtp-port", mail.GetEndpoint("smtp").Property(EndpointProperty.TargetPort), "--http-port", mail.GetEndpoint("http").Property(EndpointProperty.TargetPort));
var mailServer = builder.ExecutionContext.IsPublishMode
    ? ReferenceExpression.Create($"{builder.AddParameter("mail-server")}")
    : ReferenceExpression.Create($"smtp://{mail.GetEndpoint("smtp").Property(EndpointProperty.HostAndPort)}");

var gateway = builder.AddProject<Projects.Gateway>("gateway").WithHttpEndpoint(port: gatewayPort).WithExternalHttpEndpoints();

// Two steps come before the services: their tables, one after the other to leave RabbitMQ a processor, and everybody's queues before anybody publishes.
var usersTables = Users("users-migrate").WithArgs("migrate").WaitFor(usersDb);
var mediaTables = Media("media-migrate").WithArgs("migrate").WaitFor(mediaDb).WaitForCompletion(usersTables);
var notifierTables = Notifier("notifier-migrate").WithArgs("migrate").WaitFor(notifierDb).WaitForCompletion(mediaTables);
var usersQueues = Users("users-declare").WithArgs("declare").WaitFor(bus);
var mediaQueues = Media("media-declare").WithArgs("declare").WaitFor(bus);
var notifierQueues = Notifier("notifier-declare").WithArgs("declare").WaitFor(bus);
var processorQueues = PhotoProcessor("photo-processor-declare").WithArgs("declare").WaitFor(bus);

var users = Users("users").WithReplicas(replicas).WithEnvironment("Shutdown__Drain", drain).WithHttpEndpoint().WithHttpHealthCheck("/health")
    .WaitForCompletion(usersTables).WaitForCompletion(usersQueues).WaitForCompletion(mediaQueues).WaitForCompletion(notifierQueues);
var media = Media("media").WithReplicas(replicas).WithEnvironment("Shutdown__Drain", drain).WithHttpEndpoint().WithHttpHealthCheck("/health")
    .WaitForCompletion(mediaTables).WaitForCompletion(mediaQueues).WaitForCompletion(usersQueues).WaitForCompletion(notifierQueues).WaitForCompletion(processorQueues);
var notifier = Notifier("notifier").WithReplicas(replicas).WithEnvironment("Shutdown__Drain", drain).WithHttpEndpoint().WithHttpHealthCheck("/health")
    .WaitForCompletion(notifierTables).WaitForCompletion(notifierQueues).WaitForCompletion(usersQueues).WaitFor(mail);
PhotoProcessor("photo-processor").WithReplicas(replicas).WithHttpEndpoint().WithHttpHealthCheck("/health")
    .WaitForCompletion(processorQueues).WaitForCompletion(mediaQueues);

gateway.WithReference(redis).WithReference(users).WithReference(media).WithReference(notifier)
    .WithEnvironment(context => { if (builder.Configuration["AppHost:ControlUrl"] is { } url) context.EnvironmentVariables["APPHOST_CONTROL_URL"] = url; }) // Not in real Aspire.
    .WithEnvironment("Identity__Key", identityKey).WithHttpHealthCheck("/health").WaitFor(redis);

ConfigureAzure(builder);
builder.Build().Run();

IResourceBuilder<ProjectResource> Users(string name) => builder.AddProject<Projects.Users>(name)
    .WithReference(usersDb, "users").WithReference(bus).WithReference(redis)
    .WithEnvironment("Identity__Key", identityKey).WithEnvironment(blobs.Tell);

IResourceBuilder<ProjectResource> Media(string name) => builder.AddProject<Projects.Media>(name)
    .WithReference(mediaDb, "media").WithReference(bus)
    .WithEnvironment("Identity__Key", identityKey).WithEnvironment("Media__UrlKey", urlKey).WithEnvironment(blobs.Tell);

IResourceBuilder<ProjectResource> Notifier(string name) => builder.AddProject<Projects.Notifier>(name)
    .WithReference(notifierDb, "notifier").WithReference(bus).WithReference(redis)
    .WithEnvironment("Identity__Key", identityKey).WithEnvironment("Mail__Server", mailServer)
    .WithEnvironment("Mail__From", "PhotoPlatform <no-reply@photoplatform.example>").WithEnvironment("Mail__LinkKey", mailKey)
    .WithEnvironment(context => context.EnvironmentVariables["PublicUrl"] = builder.Configuration["public-url"] ?? (object)gateway.GetEndpoint("http"))
    .WithEnvironment(blobs.Tell);

IResourceBuilder<ProjectResource> PhotoProcessor(string name) => builder.AddProject<Projects.PhotoProcessor>(name)
    .WithReference(bus).WithEnvironment(blobs.Tell);

/// <summary>One platform, run by the embedded runtime or by Aspire.</summary>
internal static partial class Program
{
    /// <summary>What only Aspire has; src/AppHost/Azure implements it.</summary>
    static partial void ConfigureAzure(IDistributedApplicationBuilder builder);
}

using Azure.Provisioning.AppContainers;
using PhotoPlatform.Contracts;

internal static partial class Program
{
    // Where .NET images listen unless they are told otherwise.
    private const int ContainerPort = 8080;

    /// <summary>
    /// Azure Container Apps: an app for each service and worker, of which the gateway alone can be reached from outside, and a job for each step.
    /// What consumes queues is scaled by their length.
    /// </summary>
    static partial void ConfigureAzure(IDistributedApplicationBuilder builder)
    {
        if (!builder.ExecutionContext.IsPublishMode)
            return;
        builder.AddAzureContainerAppEnvironment("platform");
        foreach (var project in builder.Resources.OfType<ProjectResource>().ToArray())
        {
            var resource = builder.CreateResourceBuilder(project);
            if (project.GetEndpoints().Any())
                resource.PublishAsAzureContainerApp((_, app) => ConfigureApp(project.Name, app));
            else
#pragma warning disable ASPIREAZURE002 // a step ends, and an app that ends would be started again
                resource.PublishAsAzureContainerAppJob((_, job) => job.Configuration.ReplicaRetryLimit = 3);
#pragma warning restore ASPIREAZURE002
        }
    }

    private static void ConfigureApp(string name, ContainerApp app)
    {
        app.Configuration.Ingress.External = name == "gateway";
        // A start may have to wait for a database or the broker; one that is unhealthy gets no requests; one that does not even answer is started again.
        app.Template.Containers[0].Value!.Probes =
        [
            Probe(ContainerAppProbeType.Startup, "/health", periodSeconds: 2, failures: 60),
            Probe(ContainerAppProbeType.Readiness, "/health", periodSeconds: 5, failures: 2),
            Probe(ContainerAppProbeType.Liveness, "/alive", periodSeconds: 10, failures: 3),
        ];
        if (WorkerScaling.All.FirstOrDefault(scaling => scaling.Worker == name) is not { } policy)
            return;
        app.Template.Scale.MinReplicas = policy.MinReplicas;
        app.Template.Scale.MaxReplicas = policy.MaxReplicas;
        app.Template.Scale.Rules = [.. policy.Queues.Select(Rule)];
    }

    private static ContainerAppProbe Probe(ContainerAppProbeType type, string path, int periodSeconds, int failures) => new()
    {
        ProbeType = type,
        HttpGet = new ContainerAppHttpRequestInfo { Path = path, Port = ContainerPort },
        PeriodSeconds = periodSeconds,
        FailureThreshold = failures,
        TimeoutSeconds = 5,
    };

    private static ContainerAppScaleRule Rule(QueueScaling queue) => new()
    {
        Name = queue.Queue,
        Custom = new ContainerAppCustomScaleRule
        {
            CustomScaleRuleType = "rabbitmq",
            Metadata =
            {
                ["protocol"] = "amqp",
                ["queueName"] = queue.Queue,
                ["mode"] = "QueueLength",
                ["value"] = queue.MessagesPerReplica.ToString(System.Globalization.CultureInfo.InvariantCulture),
                // The broker's address has no path, which would be read as another virtual host.
                ["vhostName"] = "/",
            },
            // The secret in which WithReference(bus) puts ConnectionStrings__bus.
            Auth = [new ContainerAppScaleRuleAuth { SecretRef = "connectionstrings--bus", TriggerParameter = "host" }],
        },
    };
}

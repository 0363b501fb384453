using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Aspire.Hosting.Lifecycle;
using LocalHosting.Running;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace LocalHosting.Publishing;

/// <summary>Writes the model as a file for deployment tools, and starts nothing.</summary>
internal sealed class ManifestPublisher(DistributedApplicationModel model, IDistributedApplicationEventing eventing, DistributedApplicationExecutionContext execution,
    IConfiguration configuration, IServiceProvider services, ConsoleReporter console)
{
    private const string Publisher = "manifest";
    private const string Step = "publish-manifest";

    /// <exception cref="DistributedApplicationException">Something other than a manifest was asked for, the file is not named or cannot be written, or the model does not fit into it.</exception>
    public async Task PublishAsync(CancellationToken cancellationToken)
    {
        var file = Target(configuration);
        foreach (var subscriber in services.GetServices<IDistributedApplicationEventingSubscriber>())
            await subscriber.SubscribeAsync(eventing, execution, cancellationToken);
        await eventing.PublishAsync(new BeforeStartEvent(services, model), cancellationToken);

        using var content = new MemoryStream();
        await using (var json = new Utf8JsonWriter(content, new JsonWriterOptions { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            await new ManifestWriter(json, Path.GetDirectoryName(file)!, execution).WriteAsync([.. model.Resources], cancellationToken);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllBytesAsync(file, content.ToArray(), cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DistributedApplicationException($"The manifest {file} cannot be written ({exception.Message}); choose another place with --output-path FILE.", exception);
        }
        console.Line($"The manifest is {file}.");
    }

    /// <summary>The manifest's file: an output path that is no <c>.json</c> file is its directory.</summary>
    private static string Target(IConfiguration configuration)
    {
        var publisher = configuration["publisher"] ?? configuration["Publishing:Publisher"];
        var step = configuration["step"];
        if (publisher is not (null or Publisher) || (publisher is null && step != Step))
        {
            var asked = publisher is null ? $"The step '{step ?? "publish"}'" : $"The publisher '{publisher}'";
            throw new DistributedApplicationException($"{asked} needs the Aspire packages: build the AppHost with -p:UseAspire=true; the embedded runtime only knows --publisher {Publisher}.");
        }
        var path = configuration["output-path"] ?? configuration["Publishing:OutputPath"];
        if (string.IsNullOrWhiteSpace(path))
            throw new DistributedApplicationException("output-path is missing: it names the manifest's file, or its directory.");
        return Path.GetFullPath(path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? path : Path.Combine(path, "aspire-manifest.json"));
    }
}

using System.Text.Json;
using Aspire.Hosting.Testing;
using PhotoPlatform.Contracts;
using PhotoPlatform.LocalHosting.Tests;
using PhotoPlatform.Testing;

namespace PhotoPlatform.SystemTests;

/// <summary>What deployment tools are told of the platform.</summary>
public sealed class ManifestTests
{
    [Fact]
    public async Task It_follows_the_schema_and_says_nothing_of_this_machine()
    {
        var resources = await ResourcesAsync();

        Assert.False(resources.TryGetProperty("mail", out _), "The development inbox is not deployed.");
        Assert.Equal("{mail-server.value}", Environment(resources, "notifier")["Mail__Server"]);
        Assert.Equal("{gateway.bindings.http.url}", Environment(resources, "notifier")["PublicUrl"]);
        foreach (var name in new[] { "users", "media", "notifier", "photo-processor" })
            Assert.Equal(("s3", "{s3-bucket.value}"), (Environment(resources, name)["Storage__Kind"], Environment(resources, name)["Storage__S3__Bucket"]));
        foreach (var project in resources.EnumerateObject().Where(resource => resource.Value.TryGetProperty("env", out _)))
        {
            Assert.DoesNotContain("localhost", project.Value.GetRawText(), StringComparison.Ordinal);
            Assert.DoesNotContain(Repository.Root, project.Value.GetProperty("env").GetRawText(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_gateway_alone_is_reached_from_outside()
    {
        var external = (await ResourcesAsync()).EnumerateObject()
            .Where(resource => resource.Value.TryGetProperty("bindings", out var bindings) && bindings.EnumerateObject().Any(binding => binding.Value.TryGetProperty("external", out _)))
            .Select(resource => resource.Name);
        Assert.Equal(["gateway"], external);
    }

    [Fact]
    public async Task The_scaling_policies_are_for_workers_that_there_are()
    {
        var resources = await ResourcesAsync();
        Assert.All(WorkerScaling.All, scaling =>
        {
            Assert.Equal("project.v0", resources.GetProperty(scaling.Worker).GetProperty("type").GetString());
            Assert.Equal("{bus.connectionString}", Environment(resources, scaling.Worker)["ConnectionStrings__bus"]);
            Assert.InRange(scaling.MinReplicas, 1, scaling.MaxReplicas);
        });
    }

    private static async Task<JsonElement> ResourcesAsync()
    {
        var folder = Directory.CreateTempSubdirectory("photoplatform-manifest-").FullName;
        try
        {
            await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(["--publisher", "manifest", "--output-path", folder]);
            await using var app = await builder.BuildAsync();
            await app.StartAsync();
            var manifest = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "aspire-manifest.json"))).RootElement;
            Assert.Empty(ManifestSchema.Violations(manifest));
            return manifest.GetProperty("resources");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Dictionary<string, string> Environment(JsonElement resources, string name) =>
        resources.GetProperty(name).GetProperty("env").Deserialize<Dictionary<string, string>>()!;
}

using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.ServiceDefaults.OpenApi;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Gateway.Tests;

/// <summary>What a service tells of endpoints that read requests and write answers by themselves.</summary>
public sealed class EndpointNotesTests : IAsyncLifetime
{
    private TestEnvironment? _environment;
    private RunningService? _service;
    private JsonNode _paths = null!;

    public async ValueTask InitializeAsync()
    {
        _environment = await TestEnvironment.CreateAsync();
        _service = await RunningService.StartAsync("sample", _environment, builder => builder.AddInternalIdentity("sample"), app =>
        {
            app.MapPost("/api/samples", (HttpRequest request) => TypedResults.NoContent()).WithSummary("Takes a sample").WithName("TakeSample").WithTags("samples").RequireUser()
                .TakesBytes("image/jpeg", "image/png").TakesForm("photo", "title").TakesQuery("use", "What for.").TakesHeader("Idempotency-Key", "Once.").GivesHeader("ETag", "The version.");
            app.MapMethods("/api/samples/{id:guid}", ["GET", "HEAD"], (Guid id) => Results.Empty).WithName("GetSample").GivesBytes("image/webp");
            app.MapGet("/api/sample-events", () => Results.Empty).WithName("StreamSamples").Produces(200, contentType: "text/event-stream");
            app.MapPatch("/api/samples/{id:guid}", (Guid id, Change change) => TypedResults.Ok(change)).WithName("ChangeSample");
            app.MapGet("/api/hidden", () => "x").ExcludeFromDescription();
            app.MapGet("/internal/samples", () => "x");
        });
        using var client = _service.Client(roles: CallerIdentity.GatewayRole);
        var document = JsonNode.Parse(await client.GetStringAsync(new Uri("/internal/openapi.json", UriKind.Relative)))!;
        _paths = document["paths"]!;
        Assert.Null(document["components"]!["schemas"]!["EndpointNotesTestsChange"]!["required"]);
    }

    [Fact]
    public void Bodies_parameters_and_headers_that_an_endpoint_names_are_described()
    {
        var take = _paths["/api/samples"]!["post"]!;
        Assert.Equal(["image/jpeg", "image/png", "multipart/form-data"], take["requestBody"]!["content"]!.AsObject().Select(content => content.Key));
        Assert.Equal("binary", take["requestBody"]!["content"]!["image/png"]!["schema"]!["format"]!.GetValue<string>());
        Assert.Equal("""["photo"]""", take["requestBody"]!["content"]!["multipart/form-data"]!["schema"]!["required"]!.ToJsonString());
        Assert.Equal(["use query", "Idempotency-Key header"], take["parameters"]!.AsArray().Select(parameter => $"{parameter!["name"]} {parameter["in"]}"));
        Assert.NotNull(take["responses"]!["204"]!["headers"]!["ETag"]);
        Assert.NotNull(take["responses"]!["401"]!["content"]!["application/problem+json"]);
        Assert.Equal("Samples", take["tags"]![0]!.GetValue<string>());
    }

    [Fact]
    public void Answers_of_bytes_and_of_events_have_their_media_types_and_two_methods_two_names()
    {
        var item = _paths["/api/samples/{id}"]!;
        Assert.NotNull(item["get"]!["responses"]!["200"]!["content"]!["image/webp"]);
        Assert.Equal(("getSample", "getSampleHead"), (item["get"]!["operationId"]!.GetValue<string>(), item["head"]!["operationId"]!.GetValue<string>()));
        Assert.NotNull(_paths["/api/sample-events"]!["get"]!["responses"]!["200"]!["content"]!["text/event-stream"]);
    }

    [Fact]
    public void What_is_internal_or_hidden_is_not_described() => Assert.Equal(3, _paths.AsObject().Count);

    public async ValueTask DisposeAsync()
    {
        if (_service is not null)
            await _service.DisposeAsync();
        if (_environment is not null)
            await _environment.DisposeAsync();
    }

    internal sealed record Change(string? Title, int? Count);
}

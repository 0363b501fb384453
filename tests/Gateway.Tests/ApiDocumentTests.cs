using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Template;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using PhotoPlatform.Testing;
using Yarp.ReverseProxy.Configuration;

namespace PhotoPlatform.Gateway.Tests;

/// <summary>The merged OpenAPI document, made by the real services and fetched through the gateway.</summary>
public sealed partial class ApiDocumentTests(RunningApi running) : IClassFixture<RunningApi>
{
    private static readonly string[] Methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

    [Fact]
    public async Task Every_public_endpoint_of_every_service_is_in_the_document_and_nothing_else_is()
    {
        var document = await RunningApi.DocumentAsync(running.Gateway);
        var documented = Operations(document).Select(operation => $"{operation.Method} {operation.Path}");
        Assert.Null(document["x-unavailable"]);
        Assert.Equal(running.Services.Values.SelectMany(Mapped).Order(), documented.Order());
    }

    [Fact]
    public async Task Every_route_that_the_gateway_proxies_has_a_documented_operation()
    {
        var paths = (await RunningApi.DocumentAsync(running.Gateway))["paths"]!.AsObject().Select(path => PathParameter().Replace(path.Key, "x").Trim('/')).ToList();
        var routes = running.Gateway.Services.GetRequiredService<IProxyConfigProvider>().GetConfig().Routes;
        Assert.Empty(routes.Where(route =>
        {
            var matcher = new TemplateMatcher(TemplateParser.Parse(route.Match.Path!.TrimStart('/')), []);
            return !paths.Exists(path => matcher.TryMatch($"/{path}", []));
        }).Select(route => route.RouteId));
    }

    [Fact]
    public async Task The_document_is_valid_for_the_reference_reader()
    {
        using var client = running.Gateway.ClientWithoutIdentity();
        var read = OpenApiDocument.Parse(await client.GetStringAsync(new Uri("/api/openapi.json", UriKind.Relative)), "json");
        Assert.Empty(read.Diagnostic!.Errors);
        Assert.Empty(read.Diagnostic.Warnings);
        Assert.Equal(OpenApiSpecVersion.OpenApi3_1, read.Diagnostic.SpecificationVersion);
    }

    [Fact]
    public async Task Every_reference_resolves_every_operation_has_a_name_of_its_own_a_summary_and_a_tag_and_every_path_parameter_is_described()
    {
        var document = await RunningApi.DocumentAsync(running.Gateway);
        foreach (var reference in References(document))
            Assert.True(Resolve(document, reference) is not null, $"{reference} leads nowhere");
        var operations = Operations(document).ToList();
        Assert.Equal(operations.Count, operations.Select(operation => operation.Operation["operationId"]!.GetValue<string>()).Distinct().Count());
        var tags = document["tags"]!.AsArray().Select(tag => tag!["name"]!.GetValue<string>()).ToHashSet();
        Assert.All(operations, operation =>
        {
            Assert.False(string.IsNullOrWhiteSpace(operation.Operation["summary"]?.GetValue<string>()), $"{operation.Method} {operation.Path} has no summary");
            Assert.Subset(tags, operation.Operation["tags"]!.AsArray().Select(tag => tag!.GetValue<string>()).ToHashSet());
            var described = Parameters(operation.Operation).Where(parameter => parameter["in"]!.GetValue<string>() == "path").Select(parameter => parameter["name"]!.GetValue<string>());
            Assert.Equal(PathParameter().Matches(operation.Path).Select(match => match.Groups[1].Value).Order(), described.Order());
        });
    }

    [Fact]
    public async Task Every_documented_operation_reaches_its_service_through_the_gateway()
    {
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = running.Gateway.Address };
        foreach (var (method, path, operation) in Operations(await RunningApi.DocumentAsync(running.Gateway)))
        {
            var address = PathParameter().Replace(path, match => Sample(Parameters(operation).First(parameter => parameter["name"]!.GetValue<string>() == match.Groups[1].Value)["schema"]!.AsObject()));
            using var request = new HttpRequestMessage(new HttpMethod(method), address);
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            Assert.True(response.StatusCode < HttpStatusCode.InternalServerError, $"{method} {address}: {response.StatusCode}");
            // Logs name no handle.
            var line = $"{method} {address.Replace("/api/users/sample", "/api/users/{handle}", StringComparison.Ordinal)} answered";
            await Eventually.GetAsync(() => Task.FromResult(running.Services.Values.Sum(service => service.Logs.All.Count(log => log.Message.StartsWith(line, StringComparison.Ordinal)))), count => count > 0);
        }
    }

    [Fact]
    public async Task Every_error_is_problem_details_and_who_may_call_is_told()
    {
        var document = await RunningApi.DocumentAsync(running.Gateway);
        Assert.All(Operations(document), operation =>
        {
            foreach (var (status, response) in operation.Operation["responses"]!.AsObject().Where(response => response.Key[0] is '4' or '5' or 'd'))
                Assert.True(response!["content"]?["application/problem+json"] is not null, $"{operation.Method} {operation.Path} {status}");
        });
        Assert.Equal(["bearer", "cookie"], document["components"]!["securitySchemes"]!.AsObject().Select(scheme => scheme.Key));
        Assert.Equal(2, document["paths"]!["/api/users/me"]!["get"]!["security"]!.AsArray().Count);
        Assert.Null(document["paths"]!["/api/sessions"]!["post"]!["security"]);
        Assert.Equal("/", document["servers"]!.AsArray().Single()!["url"]!.GetValue<string>());
    }

    [Fact]
    public async Task What_a_person_reads_in_the_code_is_what_the_document_says()
    {
        var signUp = (await RunningApi.DocumentAsync(running.Gateway))["paths"]!["/api/users"]!["post"]!;
        Assert.Equal(("signUp", "Users"), (signUp["operationId"]!.GetValue<string>(), signUp["tags"]![0]!.GetValue<string>()));
        Assert.Contains("Creates an account", $"{signUp["summary"]} {signUp["description"]}", StringComparison.Ordinal);
        Assert.Equal("#/components/schemas/SignUpRequest", signUp["requestBody"]!["content"]!["application/json"]!["schema"]!["$ref"]!.GetValue<string>());
        Assert.NotNull(signUp["responses"]!["201"]!["headers"]!["Location"]);
    }

    [Fact]
    public async Task Who_has_the_document_already_gets_no_second_one()
    {
        using var client = running.Gateway.ClientWithoutIdentity();
        using var first = await client.GetAsync(new Uri("/api/openapi.json", UriKind.Relative));
        Assert.Equal("application/json", first.Content.Headers.ContentType!.MediaType);
        Assert.Equal("public, no-cache", first.Headers.CacheControl!.ToString());
        using var again = new HttpRequestMessage(HttpMethod.Get, "/api/openapi.json") { Headers = { IfNoneMatch = { first.Headers.ETag! } } };
        using var second = await client.SendAsync(again);
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
    }

    [Fact]
    public async Task A_services_own_document_is_for_the_gateway_alone()
    {
        var users = running.Services["users"];
        using var user = users.Client(Guid.CreateVersion7());
        using var outside = running.Gateway.ClientWithoutIdentity();
        using var refused = await user.GetAsync(new Uri("/internal/openapi.json", UriKind.Relative));
        using var hidden = await outside.GetAsync(new Uri("/internal/openapi.json", UriKind.Relative));
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.NotFound), (refused.StatusCode, hidden.StatusCode));
    }

    [Fact]
    public async Task A_service_that_is_away_is_named_and_what_it_last_said_still_counts()
    {
        var clock = new TestClock();
        await using var media = await DocumentServer.StartAsync("""{"paths":{"/api/photos":{"get":{"operationId":"list","tags":["Photos"]}}}}""");
        var addresses = new Dictionary<string, string> { ["users"] = running.Services["users"].Address.ToString(), ["media"] = media.Address, ["notifier"] = RunningGateway.Nobody };
        await using var gateway = await running.StartAsync(addresses, clock);

        var first = await RunningApi.DocumentAsync(gateway);
        Assert.Equal("""["notifier"]""", first["x-unavailable"]!.ToJsonString());
        Assert.NotNull(first["paths"]!["/api/photos"]!["get"]);
        Assert.NotNull(first["paths"]!["/api/users/me"]);
        Assert.Null(first["paths"]!["/api/events"]);

        foreach (var broken in new[] { "no json", "[]", null })
        {
            media.Document = broken;
            clock.Advance(TimeSpan.FromSeconds(6));
            var later = await RunningApi.DocumentAsync(gateway);
            Assert.Equal("""["media","notifier"]""", later["x-unavailable"]!.ToJsonString());
            Assert.NotNull(later["paths"]!["/api/photos"]!["get"]);
        }
    }

    [Fact]
    public async Task A_document_without_end_is_not_taken()
    {
        await using var endless = await DocumentServer.StartAsync($"{{\"paths\":{{}},\"x\":\"{new string('x', 5_000_000)}\"}}");
        await using var gateway = await running.StartAsync(new() { ["users"] = endless.Address, ["media"] = endless.Address, ["notifier"] = running.Services["notifier"].Address.ToString() });
        var document = await RunningApi.DocumentAsync(gateway);
        Assert.Equal("""["media","users"]""", document["x-unavailable"]!.ToJsonString());
        Assert.NotNull(document["paths"]!["/api/events"]);
    }

    [Fact]
    public async Task Many_readers_ask_a_service_once_a_minute()
    {
        var clock = new TestClock();
        await using var server = await DocumentServer.StartAsync("""{"paths":{}}""");
        await using var gateway = await running.StartAsync(new() { ["users"] = server.Address, ["media"] = server.Address, ["notifier"] = server.Address }, clock);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => RunningApi.DocumentAsync(gateway)));
        Assert.Equal(3, server.Asked);
        clock.Advance(TimeSpan.FromSeconds(61));
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => RunningApi.DocumentAsync(gateway)));
        Assert.Equal(6, server.Asked);
    }

    private static IEnumerable<string> Mapped(RunningService service) =>
        from endpoint in service.Endpoints
        where endpoint.Metadata.GetMetadata<IExcludeFromDescriptionMetadata>() is not { ExcludeFromDescription: true }
        let path = "/" + Constraint().Replace(endpoint.RoutePattern.RawText!.Trim('/'), "}")
        where path.StartsWith("/api/", StringComparison.Ordinal) || path.StartsWith("/media/", StringComparison.Ordinal)
        from method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods
        select $"{method} {path}";

    private static IEnumerable<(string Method, string Path, JsonObject Operation)> Operations(JsonObject document) =>
        from path in document["paths"]!.AsObject()
        from operation in path.Value!.AsObject()
        where Methods.Contains(operation.Key)
        select (operation.Key.ToUpperInvariant(), path.Key, operation.Value!.AsObject());

    private static IEnumerable<JsonObject> Parameters(JsonObject operation) => operation["parameters"]?.AsArray().Select(parameter => parameter!.AsObject()) ?? [];

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject found => found.SelectMany(property => property.Key == "$ref" ? [property.Value!.GetValue<string>()] : References(property.Value)),
        JsonArray array => array.SelectMany(References),
        _ => [],
    };

    private static JsonNode? Resolve(JsonNode document, string reference) =>
        reference.StartsWith("#/", StringComparison.Ordinal) ? reference[2..].Split('/').Aggregate<string, JsonNode?>(document, (node, name) => node?[name]) : null;

    private static string Sample(JsonObject schema) => schema["format"]?.GetValue<string>() == "uuid" ? $"{Guid.CreateVersion7()}" : schema.ToJsonString().Contains("integer", StringComparison.Ordinal) ? "1" : "sample";

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex PathParameter();

    [GeneratedRegex(@"(?<=\{\w+):[^}]*\}")]
    private static partial Regex Constraint();
}

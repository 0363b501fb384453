using System.Text.Json.Nodes;
using PhotoPlatform.Gateway.ApiDocs;

namespace PhotoPlatform.Gateway.Tests;

public sealed class ApiMergerTests
{
    [Fact]
    public void Different_things_with_one_name_get_their_services_names_and_equal_ones_are_shared()
    {
        var merged = Merge(
            ("users", """{"paths":{"/api/a":{"get":{"x":{"$ref":"#/components/schemas/Response"},"y":{"$ref":"#/components/schemas/Problem"}}}},"components":{"schemas":{"Response":{"type":"string"},"Problem":{"type":"object"}}}}"""),
            ("media", """{"paths":{"/api/b":{"get":{"x":{"$ref":"#/components/schemas/Response"},"y":{"$ref":"#/components/schemas/Problem"}}}},"components":{"schemas":{"Response":{"type":"number"},"Problem":{"type":"object"}}}}"""));
        Assert.Equal(["Problem", "media.Response", "users.Response"], merged["components"]!["schemas"]!.AsObject().Select(schema => schema.Key).Order(StringComparer.Ordinal));
        Assert.Equal("#/components/schemas/users.Response", merged["paths"]!["/api/a"]!["get"]!["x"]!["$ref"]!.GetValue<string>());
        Assert.Equal("#/components/schemas/media.Response", merged["paths"]!["/api/b"]!["get"]!["x"]!["$ref"]!.GetValue<string>());
        Assert.Equal("#/components/schemas/Problem", merged["paths"]!["/api/b"]!["get"]!["y"]!["$ref"]!.GetValue<string>());
    }

    [Fact]
    public void Equal_words_about_different_things_are_different()
    {
        var merged = Merge(
            ("users", """{"components":{"schemas":{"Item":{"type":"string"},"Page":{"items":{"$ref":"#/components/schemas/Item"}},"Book":{"items":{"$ref":"#/components/schemas/Page"}}}}}"""),
            ("media", """{"components":{"schemas":{"Item":{"type":"number"},"Page":{"items":{"$ref":"#/components/schemas/Item"}},"Book":{"items":{"$ref":"#/components/schemas/Page"}}}}}"""));
        var schemas = merged["components"]!["schemas"]!.AsObject();
        Assert.Equal(6, schemas.Count);
        Assert.Equal("#/components/schemas/media.Page", schemas["media.Book"]!["items"]!["$ref"]!.GetValue<string>());
        Assert.Equal("#/components/schemas/media.Item", schemas["media.Page"]!["items"]!["$ref"]!.GetValue<string>());
    }

    [Fact]
    public void Services_share_a_path_and_operations_keep_names_of_their_own()
    {
        var merged = Merge(
            ("users", """{"paths":{"/api/users/{x}":{"get":{"operationId":"list","tags":["Users"]}}}}"""),
            ("media", """{"paths":{"/api/users/{x}":{"post":{"operationId":"list","tags":["Photos"]}},"/api/photos":{"get":{"operationId":"list"}}}}"""));
        var operations = merged["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject()).Select(operation => operation.Value!["operationId"]!.GetValue<string>()).ToList();
        Assert.Equal(3, operations.Distinct().Count());
        Assert.Equal(["get", "post"], merged["paths"]!["/api/users/{x}"]!.AsObject().Select(operation => operation.Key));
        Assert.Equal(["Photos", "Users"], merged["tags"]!.AsArray().Select(tag => tag!["name"]!.GetValue<string>()));
    }

    [Fact]
    public void Nothing_merges_to_an_empty_document() => Assert.Empty(Merge()["paths"]!.AsObject());

    private static JsonObject Merge(params (string Service, string Json)[] documents) => ApiMerger.Merge([.. documents.Select(part => (part.Service, JsonNode.Parse(part.Json)!.AsObject()))], []);
}

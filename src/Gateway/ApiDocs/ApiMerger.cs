using System.Text.Json.Nodes;

namespace PhotoPlatform.Gateway.ApiDocs;

/// <summary>Makes one OpenAPI 3.1 document of those of the services.</summary>
internal static class ApiMerger
{
    private const string ReferencePrefix = "#/components/";
    private static readonly string[] Methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

    /// <summary>All paths, components and tags. Of components that share a name but not their content, each gets its service's name: <c>users.Response</c>.</summary>
    /// <param name="documents">Each service's document; they are used up.</param>
    /// <param name="unavailable">Services that cannot be asked now: named in <c>x-unavailable</c>.</param>
    internal static JsonObject Merge(IReadOnlyList<(string Service, JsonObject Document)> documents, IReadOnlyList<string> unavailable)
    {
        var renamed = Ambiguous(documents);
        foreach (var (service, document) in documents)
            RenameReferences(document, service, renamed);

        var (paths, components) = (new JsonObject(), new JsonObject());
        foreach (var (service, document) in documents)
        {
            foreach (var (section, name, component) in Components(document).ToArray())
            {
                component.Parent!.AsObject().Remove(name);
                Section(components, section)[NewName(service, section, name, renamed)] = component;
            }
            foreach (var (path, item) in Entries(document["paths"]))
            {
                document["paths"]!.AsObject().Remove(path);
                // Two services may share a path, each with methods of its own.
                foreach (var (method, operation) in Entries(item))
                {
                    item.AsObject().Remove(method);
                    Section(paths, path).TryAdd(method, operation);
                }
            }
        }
        SeparateOperationIds(paths);

        var merged = new JsonObject
        {
            ["openapi"] = "3.1.1",
            ["info"] = new JsonObject
            {
                ["title"] = "PhotoPlatform",
                ["version"] = "1",
                ["description"] = "Errors are problem details (RFC 9457). Lists are pages: pass the `next` of one as the `cursor` of the next. What belongs to somebody else answers 404.",
            },
            ["servers"] = new JsonArray(new JsonObject { ["url"] = "/" }),
            ["tags"] = new JsonArray([.. TagsOf(paths).Select(tag => new JsonObject { ["name"] = tag })]),
            ["paths"] = paths,
            ["components"] = components,
        };
        if (unavailable.Count > 0)
            merged["x-unavailable"] = new JsonArray([.. unavailable.Select(service => JsonValue.Create(service))]);
        return merged;
    }

    /// <summary>Section and name of components that differ between services, or that refer to such ones.</summary>
    private static HashSet<(string Section, string Name)> Ambiguous(IReadOnlyList<(string Service, JsonObject Document)> documents)
    {
        var shared = documents.SelectMany(part => Components(part.Document)).GroupBy(component => (component.Section, component.Name)).Where(group => group.Count() > 1).ToList();
        var ambiguous = shared.Where(group => group.Skip(1).Any(other => !JsonNode.DeepEquals(other.Component, group.First().Component))).Select(group => group.Key).ToHashSet();
        // Equal words about different things are different.
        while (shared.Where(group => !ambiguous.Contains(group.Key) && ReferencesOf(group.First().Component).Any(ambiguous.Contains)).Select(group => group.Key).ToList() is { Count: > 0 } more)
            ambiguous.UnionWith(more);
        return ambiguous;
    }

    private static void RenameReferences(JsonNode? node, string service, HashSet<(string Section, string Name)> renamed)
    {
        if (node is JsonObject found && Reference(found) is var (section, name))
            found["$ref"] = $"{ReferencePrefix}{section}/{NewName(service, section, name, renamed)}";
        foreach (var child in Children(node))
            RenameReferences(child, service, renamed);
    }

    private static string NewName(string service, string section, string name, HashSet<(string Section, string Name)> renamed) => renamed.Contains((section, name)) ? $"{service}.{name}" : name;

    private static IEnumerable<(string Section, string Name)> ReferencesOf(JsonNode? node) =>
        Children(node).SelectMany(ReferencesOf).Concat(node is JsonObject found && Reference(found) is { } reference ? [reference] : []);

    private static (string Section, string Name)? Reference(JsonObject node) =>
        node["$ref"] is JsonValue value && value.TryGetValue(out string? text) && text.StartsWith(ReferencePrefix, StringComparison.Ordinal) && text[ReferencePrefix.Length..].Split('/') is [var section, var name]
            ? (section, name)
            : null;

    private static IEnumerable<JsonNode?> Children(JsonNode? node) => node switch
    {
        JsonObject found => found.Select(property => property.Value),
        JsonArray array => array,
        _ => [],
    };

    /// <summary>Operation ids are unique in a document (OpenAPI 3.1.1, 4.8.10.1); those of two services that agree by chance get the path's resource in front.</summary>
    private static void SeparateOperationIds(JsonObject paths)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (path, method, operation) in Operations(paths))
        {
            if (operation["operationId"]?.GetValue<string>() is not { } id || taken.Add(id))
                continue;
            var resource = path.Split('/', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(segment => segment != "api") ?? method;
            var unique = Enumerable.Range(1, taken.Count + 1).Select(n => n == 1 ? $"{resource}.{id}" : $"{resource}.{id}{n}").First(taken.Add);
            operation["operationId"] = unique;
        }
    }

    private static IEnumerable<string> TagsOf(JsonObject paths) =>
        Operations(paths).SelectMany(operation => operation.Operation["tags"]?.AsArray().Select(tag => tag!.GetValue<string>()) ?? []).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    private static IEnumerable<(string Path, string Method, JsonObject Operation)> Operations(JsonObject paths) =>
        from path in paths
        from operation in path.Value!.AsObject()
        where Methods.Contains(operation.Key)
        select (path.Key, operation.Key, operation.Value!.AsObject());

    private static IEnumerable<(string Section, string Name, JsonNode Component)> Components(JsonObject document) =>
        from section in Entries(document["components"])
        from component in Entries(section.Value)
        select (section.Name, component.Name, component.Value);

    private static (string Name, JsonNode Value)[] Entries(JsonNode? node) =>
        node is JsonObject found ? [.. found.Where(property => property.Value is not null).Select(property => (property.Key, property.Value!))] : [];

    private static JsonObject Section(JsonObject parent, string name)
    {
        if (parent[name] is not JsonObject section)
            parent[name] = section = [];
        return section;
    }
}

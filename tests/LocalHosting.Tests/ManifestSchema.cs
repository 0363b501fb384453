using System.Text.Json;
using System.Text.RegularExpressions;

namespace PhotoPlatform.LocalHosting.Tests;

/// <summary>
/// The rules of the manifest's schema, <c>aspire-8.0.json</c> of json.schemastore.org, for what is written here, and one that no schema can have: every
/// expression in braces leads to something in the manifest.
/// </summary>
internal static partial class ManifestSchema
{
    private static readonly Dictionary<string, (string[] Required, string[] Optional)> Types = new()
    {
        ["project.v0"] = (["path"], ["args", "env", "bindings"]),
        ["project.v1"] = (["path"], ["deployment", "args", "env", "bindings"]),
        ["executable.v0"] = (["workingDirectory", "command"], ["args", "env", "bindings"]),
        ["container.v0"] = (["image"], ["entrypoint", "args", "connectionString", "env", "bindings", "bindMounts", "volumes"]),
        ["container.v1"] = ([], ["image", "build", "deployment", "entrypoint", "args", "connectionString", "env", "bindings", "bindMounts", "volumes"]),
        ["value.v0"] = (["connectionString"], []),
        ["parameter.v0"] = (["value", "inputs"], ["connectionString"]),
        ["annotated.string"] = (["value", "filter"], []),
    };

    private static readonly string[] Texts = ["path", "workingDirectory", "command", "image", "entrypoint", "connectionString", "value", "filter"];

    /// <summary>What breaks the rules, a sentence each.</summary>
    public static IReadOnlyList<string> Violations(JsonElement manifest)
    {
        var resources = manifest.GetProperty("resources");
        return [.. resources.EnumerateObject().SelectMany(resource => Resource(resource.Value).Select(what => $"{resource.Name}: {what}")), .. Unresolved(resources)];
    }

    private static IEnumerable<string> Resource(JsonElement resource)
    {
        var type = resource.TryGetProperty("type", out var named) ? named.GetString()! : "";
        if (!Types.TryGetValue(type, out var rules))
            return [$"has the unknown type '{type}'"];
        return Shape(resource, ["type", .. rules.Required], rules.Optional)
            .Concat(type == "container.v1" && Has(resource, "image") == Has(resource, "build") ? ["has not exactly one of image and build"] : [])
            .Concat(resource.EnumerateObject().SelectMany(property => Property(property.Name, property.Value)));
    }

    private static IEnumerable<string> Property(string name, JsonElement value) => name switch
    {
        _ when Texts.Contains(name) => Kind(name, value, JsonValueKind.String),
        "args" => Kind(name, value, JsonValueKind.Array).Concat(value.EnumerateArray().SelectMany(argument => Kind("an argument", argument, JsonValueKind.String))),
        "env" => value.EnumerateObject().SelectMany(variable => Kind(variable.Name, variable.Value, JsonValueKind.String)),
        "bindings" => value.EnumerateObject().SelectMany(binding => Binding(binding.Value).Select(what => $"binding {binding.Name} {what}")),
        "inputs" => value.EnumerateObject().SelectMany(input => Input(input.Value).Select(what => $"input {input.Name} {what}")),
        "volumes" => value.EnumerateArray().SelectMany(volume => Mount(volume, "name")),
        "bindMounts" => value.EnumerateArray().SelectMany(mount => Mount(mount, "source")),
        _ => [],
    };

    private static IEnumerable<string> Binding(JsonElement binding) =>
        Shape(binding, ["scheme", "protocol", "transport"], ["external", "targetPort", "port"])
            .Concat(OneOf(binding, "scheme", "http", "https", "tcp", "udp"))
            .Concat(OneOf(binding, "protocol", "tcp", "udp"))
            .Concat(OneOf(binding, "transport", "http", "http2", "tcp"))
            .Concat(binding.EnumerateObject().SelectMany(property => property.Name switch
            {
                "external" => IsBoolean(property.Name, property.Value),
                "targetPort" or "port" => Kind(property.Name, property.Value, JsonValueKind.Number),
                _ => [],
            }));

    private static IEnumerable<string> Input(JsonElement input)
    {
        foreach (var what in Shape(input, ["type"], ["secret", "default"]).Concat(OneOf(input, "type", "string")))
            yield return what;
        if (input.TryGetProperty("secret", out var secret) && IsBoolean("secret", secret).FirstOrDefault() is { } noBoolean)
            yield return noBoolean;
        if (!input.TryGetProperty("default", out var value))
            yield break;
        if (Has(value, "generate") == Has(value, "value"))
            yield return "has not exactly one of generate and value as its default";
        if (!value.TryGetProperty("generate", out var generate))
            yield break;
        foreach (var what in Shape(generate, ["minLength"], ["lower", "upper", "numeric", "special", "minLower", "minUpper", "minNumeric", "minSpecial"]))
            yield return what;
    }

    private static IEnumerable<string> Mount(JsonElement mount, string source) =>
        Shape(mount, [source, "target", "readOnly"], []).Concat(IsBoolean("readOnly", mount.GetProperty("readOnly")));

    private static IEnumerable<string> Shape(JsonElement value, string[] required, string[] optional) =>
        required.Where(name => !Has(value, name)).Select(name => $"has no {name}")
            .Concat(value.EnumerateObject().Where(property => !required.Contains(property.Name) && !optional.Contains(property.Name)).Select(property => $"may not have {property.Name}"));

    private static IEnumerable<string> OneOf(JsonElement value, string name, params string[] allowed) =>
        value.TryGetProperty(name, out var found) && !allowed.Contains(found.GetString()) ? [$"has the {name} '{found}'"] : [];

    private static IEnumerable<string> Kind(string name, JsonElement value, JsonValueKind kind) => value.ValueKind == kind ? [] : [$"{name} is a {value.ValueKind}"];

    private static IEnumerable<string> IsBoolean(string name, JsonElement value) => value.ValueKind is JsonValueKind.True or JsonValueKind.False ? [] : [$"{name} is a {value.ValueKind}"];

    private static bool Has(JsonElement value, string name) => value.TryGetProperty(name, out _);

    private static IEnumerable<string> Unresolved(JsonElement resources) =>
        from resource in resources.EnumerateObject()
        from text in Strings(resource.Value)
        from Match expression in Expression().Matches(text)
        where !IsResolved(resources, expression.Groups[1].Value.Split('.'))
        select $"{resource.Name}: {expression.Value} leads nowhere";

    private static bool IsResolved(JsonElement resources, string[] path) => resources.TryGetProperty(path[0], out var resource) && path[1..] switch
    {
        ["bindings", var name, "url" or "host" or "port" or "scheme" or "targetPort"] => resource.TryGetProperty("bindings", out var bindings) && Has(bindings, name),
        ["inputs", var name] => resource.TryGetProperty("inputs", out var inputs) && Has(inputs, name),
        [("connectionString" or "value") and var name] => Has(resource, name),
        _ => false,
    };

    private static IEnumerable<string> Strings(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => [value.GetString()!],
        JsonValueKind.Object => value.EnumerateObject().SelectMany(property => Strings(property.Value)),
        JsonValueKind.Array => value.EnumerateArray().SelectMany(Strings),
        _ => [],
    };

    [GeneratedRegex(@"\{([^{}]+)\}")]
    private static partial Regex Expression();
}

using System.Text.Json;
using System.Text.Json.Nodes;
using PhotoPlatform.Users.Data;

namespace PhotoPlatform.Users.Accounts;

/// <summary>
/// What people say of themselves: any JSON object within bounds. It is changed by merging (RFC 7386): members are set one by one, null removes one, and an object is merged into the one that is there.
/// </summary>
internal static class Profile
{
    internal const int MaxBytes = 8 * 1024;
    internal const int MaxDepth = 5;
    internal const int MaxKeys = 64;

    internal static readonly string Bounds = $"Must be a JSON object of at most {MaxBytes} bytes, {MaxDepth} levels and {MaxKeys} keys in all, without U+0000 and with numbers that fit a double.";

    /// <summary>The profile after the patch, as JSON; null when that is outside the bounds or cannot be stored.</summary>
    internal static string? Merge(string profile, JsonElement patch)
    {
        if (patch.ValueKind == JsonValueKind.Null)
            return "{}";
        if (patch.ValueKind != JsonValueKind.Object || !TryRead(patch, out var changes))
            return null;
        var merged = JsonNode.Parse(profile)!.AsObject();
        Merge(merged, changes!.AsObject());
        var json = merged.ToJsonString();
        return System.Text.Encoding.UTF8.GetByteCount(json) <= MaxBytes && Measure(merged) is { Depth: <= MaxDepth, Keys: <= MaxKeys } ? json : null;
    }

    private static void Merge(JsonObject into, JsonObject patch)
    {
        foreach (var (name, value) in patch)
        {
            if (value is null)
            {
                into.Remove(name);
            }
            else if (value is JsonObject changes)
            {
                if (into[name] is not JsonObject inner)
                    into[name] = inner = [];
                Merge(inner, changes);
            }
            else
            {
                into[name] = value.DeepClone();
            }
        }
    }

    /// <summary>Copies a client's JSON: of members named twice the last holds, numbers become what PostgreSQL can hold, and text that it cannot hold is refused.</summary>
    private static bool TryRead(JsonElement element, out JsonNode? node)
    {
        node = null;
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var members = new JsonObject();
                foreach (var property in element.EnumerateObject())
                {
                    if (TryText(() => property.Name) is not { } name || !TryRead(property.Value, out var value))
                        return false;
                    members[name] = value;
                }
                node = members;
                return true;
            case JsonValueKind.Array:
                var items = new JsonArray();
                foreach (var item in element.EnumerateArray())
                {
                    if (!TryRead(item, out var value))
                        return false;
                    items.Add(value);
                }
                node = items;
                return true;
            case JsonValueKind.String:
                node = TryText(() => element.GetString()!);
                return node is not null;
            case JsonValueKind.Number:
                node = element.TryGetInt64(out var whole) ? whole : element.TryGetDouble(out var real) && double.IsFinite(real) ? real : null;
                return node is not null;
            case JsonValueKind.True or JsonValueKind.False:
                node = element.GetBoolean();
                return true;
            default:
                return element.ValueKind == JsonValueKind.Null;
        }
    }

    private static string? TryText(Func<string> read)
    {
        try
        {
            return read() is var text && Text.IsWellFormed(text) ? text : null;
        }
        catch (InvalidOperationException)
        {
            // An escaped half of a surrogate pair.
            return null;
        }
    }

    private static (int Depth, int Keys) Measure(JsonNode? node)
    {
        IEnumerable<JsonNode?> inner = node switch
        {
            JsonObject members => members.Select(member => member.Value),
            JsonArray items => items,
            _ => [],
        };
        var (depth, keys) = (0, node is JsonObject own ? own.Count : 0);
        foreach (var (innerDepth, innerKeys) in inner.Select(Measure))
            (depth, keys) = (Math.Max(depth, innerDepth), keys + innerKeys);
        return (node is JsonObject or JsonArray ? depth + 1 : depth, keys);
    }
}

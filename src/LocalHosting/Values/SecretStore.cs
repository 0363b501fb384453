using System.Text.Json;
using Aspire.Hosting.ApplicationModel;

namespace LocalHosting.Values;

/// <summary>Generated values, kept in <c>secrets.json</c> of the data directory, which only its owner can read.</summary>
internal sealed class SecretStore(string path)
{
    private static readonly Lock Access = new();
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public string GetOrAdd(string key, Func<string> create)
    {
        lock (Access)
        {
            var secrets = File.Exists(path) ? JsonSerializer.Deserialize<SortedDictionary<string, string>>(File.ReadAllText(path)) ?? [] : [];
            if (secrets.TryGetValue(key, out var value))
                return value;
            secrets[key] = value = create();
            OwnerOnlyFile.Write(path, JsonSerializer.Serialize(secrets, Indented));
            return value;
        }
    }
}

/// <summary>A default that is computed once per data directory.</summary>
internal sealed class PersistedParameterDefault(SecretStore store, string key, ParameterDefault inner) : ParameterDefault
{
    public ParameterDefault Inner => inner;

    public override string GetDefaultValue() => store.GetOrAdd(key, inner.GetDefaultValue);
}

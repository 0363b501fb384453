using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace PhotoPlatform.Testing.Idempotency;

/// <summary>
/// What a service has made of the world: as lines, every row of its database, blob and message that mentions one of some names.
/// Nobody has to say which tables, so that a new one is looked at too.
/// </summary>
/// <param name="environment">Where it runs.</param>
/// <param name="database">The name of its database, if it has one.</param>
/// <param name="recorder">What it published.</param>
/// <param name="elsewhere">Lines of what it did to servers of its own, if any.</param>
internal sealed partial class ServiceState(TestEnvironment environment, string? database, BusRecorder recorder, Func<IEnumerable<string>>? elsewhere)
{
    private List<string>? _tables;

    /// <summary>Reads it. Messages that are on their way arrive first.</summary>
    /// <param name="names">The names.</param>
    /// <param name="except">A message that does not count: the tests sent it.</param>
    internal async Task<List<string>> ReadAsync(IReadOnlyList<string> names, Guid except)
    {
        var lines = new List<string>();
        if (database is not null)
        {
            await Eventually.GetAsync(() => environment.QueryAsync<long>(database, "SELECT count(*) FROM outbox WHERE deliver_at IS NULL OR deliver_at <= now()"), waiting => waiting is [0]);
            lines.AddRange(await RowsAsync(database, names));
            lines.AddRange((await environment.QueryAsync<string>(database, "SELECT convert_from(body, 'UTF8') FROM outbox")).Where(body => Mentions(body, names)).Select(body => $"scheduled {TextOf(body)}"));
        }
        // A message that is sent twice under one id is one message: its receivers know it by that.
        lines.AddRange((await recorder.SoFarAsync()).Where(body => Mentions(body, names) && IdOf(body) != except).Select(body => $"message {TextOf(body)}").Distinct());
        lines.AddRange(Blobs().Concat(elsewhere?.Invoke() ?? []).Where(line => Mentions(line, names)));
        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    /// <summary>The same for every occasion of a case: names by their number, and nothing that is random or a time.</summary>
    internal static List<string> Normalise(IEnumerable<string> lines, IReadOnlyList<string> names)
    {
        return [.. lines.Select(Normalised).Order(StringComparer.Ordinal)];

        string Normalised(string line)
        {
            for (var i = 0; i < names.Count; i++)
                line = line.Replace(names[i], $"<{i}>", StringComparison.OrdinalIgnoreCase);
            return Random().Replace(Time().Replace(line, "<time>"), "<random>");
        }
    }

    private async Task<List<string>> RowsAsync(string from, IReadOnlyList<string> names)
    {
        _tables ??= await environment.QueryAsync<string>(from, """
            SELECT quote_ident(relname) FROM pg_class WHERE relkind = 'r' AND NOT relispartition AND relnamespace = 'public'::regnamespace AND relname NOT IN ('outbox', '__EFMigrationsHistory')
            """);
        return await environment.QueryAsync<string>(from, string.Join(" UNION ALL ", _tables.Select(table => $"SELECT '{table} ' || to_jsonb(row)::text FROM {table} AS row WHERE row::text ILIKE ANY ($1)")),
            (object)names.Select(name => $"%{name}%").ToArray());
    }

    private IEnumerable<string> Blobs()
    {
        var folder = Path.Combine(environment.Folder, "blobs");
        return Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(file => $"blob {Path.GetRelativePath(folder, file)} {ContentOf(file)}")
            : [];
    }

    private static string ContentOf(string file) =>
        file.EndsWith(".json", StringComparison.Ordinal) ? File.ReadAllText(file) : Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)).AsSpan(0, 8));

    private static bool Mentions(string text, IReadOnlyList<string> names) => names.Any(name => text.Contains(name, StringComparison.OrdinalIgnoreCase));

    private static Guid IdOf(string body)
    {
        using var envelope = JsonDocument.Parse(body);
        return envelope.RootElement.GetProperty("messageId").GetGuid();
    }

    private static string TextOf(string body)
    {
        using var envelope = JsonDocument.Parse(body);
        return $"{envelope.RootElement.GetProperty("messageType")[0]} {envelope.RootElement.GetProperty("messageId")} {envelope.RootElement.GetProperty("message")}";
    }

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")]
    private static partial Regex Time();

    /// <summary>Traces, ids, and secrets of 32 bytes or their hashes.</summary>
    [GeneratedRegex(@"00-[0-9a-f]{32}-[0-9a-f]{16}-\d\d|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?<![\w-])[\w-]{43,64}(?![\w-])")]
    private static partial Regex Random();
}

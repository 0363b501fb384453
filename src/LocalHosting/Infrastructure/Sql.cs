namespace LocalHosting.Infrastructure;

/// <summary>Text as SQL writes it.</summary>
internal static class Sql
{
    public static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    public static string Identifier(string text) => $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}

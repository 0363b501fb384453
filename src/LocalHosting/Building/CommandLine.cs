namespace LocalHosting.Building;

internal static class CommandLine
{
    /// <summary>A bare switch such as <c>--verbose</c> means <c>--verbose=true</c>; configuration would otherwise take the next argument as its value.</summary>
    public static string[] Normalize(string[] args) =>
        [.. args.Select((argument, i) => IsSwitch(argument) && !argument.Contains('=', StringComparison.Ordinal) && !HasValue(args, i) ? argument + "=true" : argument)];

    private static bool HasValue(string[] args, int i) => i + 1 < args.Length && !IsSwitch(args[i + 1]);

    private static bool IsSwitch(string argument) => argument.StartsWith("--", StringComparison.Ordinal) && argument.Length > 2;
}

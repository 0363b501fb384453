using System.Globalization;

namespace PhotoPlatform.Messaging.Bench;

/// <summary>What to measure, and how much of it.</summary>
internal sealed record Options(string Command)
{
    internal const string Usage = """
        usage: dotnet run -c Release --project bench/Messaging -- COMMAND [options]
          throughput   messages/s of: saving a row and publishing directly; with the outbox; with outbox and inbox; each message consumed
            --messages N     in each run (default 10000)
            --producers N    at once (default 16)
            --runs N         interleaved; medians are printed (default 5)
            --only A,B       only these variants
          latency      from the commit to the consumer on an idle system, directly and with the outbox, in turn
            --samples N      of each (default 1000)
          backlog      how fast a relay drains rows that have piled up, at the beginning and at the end, and its memory
            --rows N         (default 1000000)
          relays       1, 2 and 4 relay processes on one table
            --rows N         for each (default 200000)
            --runs N         interleaved; medians are printed (default 3)
        for each command:
            --npgsql TEXT    more settings of the PostgreSQL connections, such as "Max Auto Prepare=20"
        """;

    internal int Messages { get; private set; } = 10_000;

    internal int Producers { get; private set; } = 16;

    internal int? Runs { get; private set; }

    internal int Samples { get; private set; } = 1_000;

    internal int? Rows { get; private set; }

    internal string Npgsql { get; private set; } = "";

    /// <summary>The variants to measure; none: all.</summary>
    internal IReadOnlyList<string> Only { get; private set; } = [];

    /// <summary>False with a problem, or with none when only help is wanted.</summary>
    internal static bool TryParse(string[] args, out Options options, out string? problem)
    {
        (options, problem) = (new Options(args is [var command, ..] ? command : ""), null);
        if (args.Contains("--help") || args.Contains("-h"))
            return false;
        if (options.Command is not ("throughput" or "latency" or "backlog" or "relays"))
        {
            problem = args.Length == 0 ? "name a command." : $"'{args[0]}' is no command.";
            return false;
        }
        for (var i = 1; i < args.Length && problem is null; i += 2)
            problem = options.Set(args[i], i + 1 < args.Length ? args[i + 1] : "");
        return problem is null;
    }

    private string? Set(string option, string value)
    {
        var isNumber = int.TryParse(value, CultureInfo.InvariantCulture, out var number) && number > 0;
        switch (Command, option)
        {
            case ("throughput", "--messages") when isNumber:
                Messages = number;
                return null;
            case ("throughput", "--producers") when isNumber:
                Producers = number;
                return null;
            case ("throughput" or "relays", "--runs") when isNumber:
                Runs = number;
                return null;
            case ("throughput", "--only") when value.Split(',') is var names && names.All(name => Variant.All.Any(variant => variant.Name == name)):
                Only = names;
                return null;
            case ("throughput", "--only"):
                return $"--only takes some of {string.Join(',', Variant.All.Select(variant => variant.Name))}.";
            case ("latency", "--samples") when isNumber:
                Samples = number;
                return null;
            case ("backlog" or "relays", "--rows") when isNumber:
                Rows = number;
                return null;
            case (_, "--npgsql") when value != "":
                Npgsql = value;
                return null;
            default:
                return $"'{option} {value}' is no option of {Command}.";
        }
    }
}

/// <summary>What was measured is worth nothing: a message was lost, or came twice.</summary>
internal sealed class BenchFailedException(string message) : Exception(message);

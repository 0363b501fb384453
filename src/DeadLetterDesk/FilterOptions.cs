using System.CommandLine;
using System.CommandLine.Parsing;
using PhotoPlatform.Messaging.DeadLetters;

namespace PhotoPlatform.DeadLetterDesk;

/// <summary>Which letters a command is about.</summary>
internal sealed class FilterOptions
{
    private readonly Option<string[]> _queues = new("--queue") { Description = "only of this consumer's queue (repeatable)" };
    private readonly Option<string[]> _reasons = new("--reason") { Description = "only with this reason, for example retries-exhausted (repeatable)" };
    private readonly Option<string[]> _faults = new("--stack-hash") { Description = "only of this fault (repeatable)" };
    private readonly Option<string[]> _ids = new("--id") { Description = "only this message (repeatable)" };
    private readonly Option<TimeSpan?> _olderThan = AgeOption("--older-than", "only given up longer ago than this: 30s, 5m, 2h, 3d");
    private readonly Option<TimeSpan?> _newerThan = AgeOption("--newer-than", "only given up less long ago than this");
    private readonly Option<int?> _limit = new("--limit") { Description = "at most so many, the oldest first" };

    internal FilterOptions(Command command)
    {
        _limit.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() < 1)
                result.AddError("--limit is at least 1.");
        });
        foreach (var option in new Option[] { _queues, _reasons, _faults, _ids, _olderThan, _newerThan, _limit })
            command.Add(option);
    }

    internal LetterFilter Read(ParseResult arguments, DateTimeOffset now) => new(
        (arguments.GetValue(_queues) ?? []).Select(queue => queue.EndsWith(".dead", StringComparison.Ordinal) ? queue[..^".dead".Length] : queue).ToHashSet(StringComparer.Ordinal),
        (arguments.GetValue(_reasons) ?? []).ToHashSet(StringComparer.Ordinal), (arguments.GetValue(_faults) ?? []).ToHashSet(StringComparer.OrdinalIgnoreCase), (arguments.GetValue(_ids) ?? []).ToHashSet(StringComparer.OrdinalIgnoreCase),
        now - arguments.GetValue(_olderThan), now - arguments.GetValue(_newerThan), arguments.GetValue(_limit) ?? int.MaxValue);

    private static Option<TimeSpan?> AgeOption(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "age",
        CustomParser = argument =>
        {
            var age = Age.Parse(argument.Tokens[0].Value);
            if (age is null)
                argument.AddError($"'{argument.Tokens[0].Value}' is no age for {name}: write 30s, 5m, 2h or 3d.");
            return age;
        },
    };
}

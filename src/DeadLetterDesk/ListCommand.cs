using System.CommandLine;
using PhotoPlatform.Messaging.DeadLetters;

namespace PhotoPlatform.DeadLetterDesk;

/// <summary><c>list</c>: what lies there.</summary>
internal static class ListCommand
{
    internal static Command Create()
    {
        var command = new Command("list", "Counts dead letters by queue, reason and fault.");
        var filter = new FilterOptions(command);
        var each = new Option<bool>("--each") { Description = "one line for each letter" };
        var json = new Option<bool>("--json") { Description = "as JSON" };
        command.Add(each);
        command.Add(json);
        command.SetAction(DeskSession.Run(async (desk, arguments, cancellationToken) =>
        {
            var now = TimeProvider.System.GetUtcNow();
            await using var selection = await desk.SelectAsync(filter.Read(arguments, now), withBodies: false, cancellationToken);
            Write(selection, arguments.GetValue(each), arguments.GetValue(json), now);
            return ExitCode.Done;
        }));
        return command;
    }

    /// <summary>Writes what a command is about.</summary>
    internal static void Write(Selection selection, bool each, bool json, DateTimeOffset now)
    {
        var letters = selection.Letters;
        if (json)
        {
            Output.Json(each
                ? new { Letters = letters.Count, selection.Incomplete, Each = letters.Select(letter => new LetterRow(letter)) }
                : new { Letters = letters.Count, selection.Incomplete, Groups = LetterGroup.Of(letters) });
            return;
        }
        DeskSession.TellIncomplete(selection);
        if (letters.Count == 0)
        {
            Console.Out.WriteLine("No dead letters.");
            return;
        }
        if (each)
        {
            Output.Table(["id", "queue", "reason", "fault", "age", "tries", "exception"], letters.Select(letter =>
                new[] { letter.Id, letter.Queue, letter.Reason, letter.StackHash ?? "-", Age.Since(letter.LastAt, now), $"{letter.Attempts}", Output.Brief(letter.Exception) }));
        }
        else
        {
            Output.Table(["letters", "queue", "reason", "fault", "oldest", "newest", "exception"], LetterGroup.Of(letters).Select(group =>
                new[] { $"{group.Letters,7:N0}", group.Queue, group.Reason, group.StackHash ?? "-", Age.Since(group.Oldest, now), Age.Since(group.Newest, now), Output.Brief(group.Exception) }));
        }
        Console.Out.WriteLine(letters.Count == 1 ? "1 dead letter." : $"{letters.Count:N0} dead letters.");
    }
}

/// <summary>Letters of one queue with one reason and one fault, the most first.</summary>
internal sealed record LetterGroup(string Queue, string Reason, string? StackHash, int Letters, DateTimeOffset? Oldest, DateTimeOffset? Newest, string? Exception)
{
    internal static IReadOnlyList<LetterGroup> Of(IEnumerable<DeadLetter> letters) =>
    [
        .. letters.GroupBy(letter => (letter.Queue, letter.Reason, letter.StackHash))
            .Select(group => new LetterGroup(group.Key.Queue, group.Key.Reason, group.Key.StackHash, group.Count(), group.Min(letter => letter.LastAt), group.Max(letter => letter.LastAt), group.Last().Exception))
            .OrderByDescending(group => group.Letters).ThenBy(group => group.Queue, StringComparer.Ordinal),
    ];
}

/// <summary>What is said of one letter. Its body may hold personal data and is shown only to who asks for it.</summary>
internal sealed record LetterRow(string Id, string Queue, string Reason, string? StackHash, string? Exception, long? Attempts, DateTimeOffset? FirstAt, DateTimeOffset? LastAt, string? Exchange, string? TraceId, int Size)
{
    internal LetterRow(DeadLetter letter)
        : this(letter.Id, letter.Queue, letter.Reason, letter.StackHash, letter.Exception, letter.Attempts, letter.FirstAt, letter.LastAt, letter.Exchange, letter.TraceId, letter.Size)
    {
    }
}

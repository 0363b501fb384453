using System.CommandLine;
using PhotoPlatform.Messaging.DeadLetters;

namespace PhotoPlatform.DeadLetterDesk;

/// <summary>What commands that change something have in common.</summary>
internal sealed record WholeRun(bool DryRun, bool Yes, bool Json);

/// <summary>Its options.</summary>
internal sealed class WholeRunOptions
{
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "only say what would be done" };
    private readonly Option<bool> _yes = new("--yes", "-y") { Description = "do not ask, even when no filter says which letters" };
    private readonly Option<bool> _json = new("--json") { Description = "the result as JSON" };

    internal WholeRunOptions(Command command)
    {
        command.Add(_dryRun);
        command.Add(_yes);
        command.Add(_json);
    }

    internal WholeRun Read(ParseResult arguments) => new(arguments.GetValue(_dryRun), arguments.GetValue(_yes), arguments.GetValue(_json));

    /// <summary>Whether there is something to do and somebody wants it done; says why not.</summary>
    /// <exception cref="DeskException">Nobody is there to be asked.</exception>
    internal bool MayBegin(ParseResult arguments, Selection selection, LetterFilter filter, string done, DateTimeOffset now)
    {
        var run = Read(arguments);
        var count = selection.Letters.Count;
        if (run.DryRun || count == 0)
        {
            ListCommand.Write(selection, each: false, run.Json, now);
            if (run.DryRun && !run.Json)
                Console.Out.WriteLine($"None is {done}: this was a dry run.");
            return false;
        }
        DeskSession.TellIncomplete(selection);
        if (count == 1 || filter.IsGiven || run.Yes)
            return true;
        var answer = Progress.Ask($"All {count:N0} dead letters will be {done}. Go on?")
            ?? throw new DeskException($"All {count:N0} dead letters would be {done}: say which with --queue, --reason or another filter, or say --yes.");
        if (!answer)
            Console.Out.WriteLine($"None is {done}.");
        return answer;
    }
}

using System.CommandLine;
using PhotoPlatform.Messaging.Broker;
using PhotoPlatform.Messaging.DeadLetters;

namespace PhotoPlatform.DeadLetterDesk;

/// <summary><c>replay</c>: gives letters back to their consumers.</summary>
internal static class ReplayCommand
{
    private const double DefaultRate = 100;

    internal static Command Create()
    {
        var command = new Command("replay", """
            Gives dead letters back to their consumers, with the ids they had: what already had its effect has none again.
            A run that is killed can be run again.
            """);
        var filter = new FilterOptions(command);
        var rate = new Option<double>("--rate") { Description = "letters a second", DefaultValueFactory = _ => DefaultRate };
        var renew = new Option<bool>("--renew-ids")
        {
            Description = $"give a new id to letters older than {ReplayMessage.WindowDays} days, which no inbox would take; one that had its effect after all has it twice",
        };
        var archive = new Option<FileInfo?>("--from-archive") { Description = "bring back what discard wrote to this file" };
        var whole = new WholeRunOptions(command);
        rate.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && result.GetValueOrDefault<double>() is not (>= 0.01 and <= 100_000))
                result.AddError("--rate is 0.01 to 100,000 letters a second.");
        });
        command.Add(rate);
        command.Add(renew);
        command.Add(archive);
        command.SetAction(DeskSession.Run(async (desk, arguments, cancellationToken) =>
        {
            var now = TimeProvider.System.GetUtcNow();
            var wanted = filter.Read(arguments, now);
            await using var channel = await desk.Broker.OpenConfirmingChannelAsync(cancellationToken);
            var replay = new Replay(channel, new Pace(arguments.GetValue(rate), TimeProvider.System), TimeProvider.System, arguments.GetValue(renew));
            if (arguments.GetValue(archive) is { } file)
                return await FromArchiveAsync(replay, file.FullName, wanted, whole.Read(arguments), cancellationToken);

            await using var selection = await desk.SelectAsync(wanted, withBodies: true, cancellationToken);
            if (!whole.MayBegin(arguments, selection, wanted, "replayed", now))
                return ExitCode.Done;
            // What it holds unacknowledged for half an hour RabbitMQ takes back, and closes the channel.
            var most = (int)Math.Clamp(arguments.GetValue(rate) * 25 * 60, 1, int.MaxValue);
            if (selection.Letters.Count > most)
                await Console.Error.WriteLineAsync($"At this rate {most:N0} letters are replayed in one run; run again for the other {selection.Letters.Count - most:N0}.");
            var code = await RunAsync(replay, selection.Letters.Take(most).ToAsyncEnumerable(), selection.Letters.Count, selection.AcknowledgeAsync, whole.Read(arguments).Json, cancellationToken);
            return selection.Incomplete.Any() && selection.Letters.Count < wanted.Limit ? ExitCode.SomethingStays : code;
        }));
        return command;
    }

    private static Task<int> FromArchiveAsync(Replay replay, string path, LetterFilter filter, WholeRun run, CancellationToken cancellationToken)
    {
        var total = Letters(number => Console.Error.WriteLine($"Line {number} of '{path}' is no letter: half of one, if a run was killed.")).Count();
        if (run.DryRun)
        {
            Console.Out.WriteLine($"{total:N0} letters of '{path}' would be replayed.");
            return Task.FromResult(ExitCode.Done);
        }
        return RunAsync(replay, Letters(_ => { }).ToAsyncEnumerable(), total, _ => ValueTask.CompletedTask, run.Json, cancellationToken);

        IEnumerable<DeadLetter> Letters(Action<int> unreadable) =>
            LetterArchive.Read(path, unreadable).Where(letter => filter.TakesQueue(letter.Queue) && filter.Takes(letter)).Take(filter.Limit);
    }

    private static async Task<int> RunAsync(Replay replay, IAsyncEnumerable<DeadLetter> letters, int total, Func<DeadLetter, ValueTask> takeOut, bool json, CancellationToken cancellationToken)
    {
        var counts = new Dictionary<ReplayOutcome, int>();
        string? failure = null;
        try
        {
            await Progress.ShowAsync("replayed", total, advance => replay.RunAsync(letters, takeOut, (_, outcome) =>
            {
                counts[outcome] = counts.GetValueOrDefault(outcome) + 1;
                advance();
            }, cancellationToken));
        }
        catch (Exception exception) when (exception is NotConfirmedException or BrokerUnavailableException)
        {
            failure = exception.Message;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            failure = "Stopped.";
        }
        var result = new ReplayResult(Of(ReplayOutcome.Replayed) + Of(ReplayOutcome.Renewed), Of(ReplayOutcome.Renewed), Of(ReplayOutcome.TooOld), Of(ReplayOutcome.NoQueue), total, failure);
        result.Write(json);
        return result.IsWhole ? ExitCode.Done : ExitCode.SomethingStays;

        int Of(ReplayOutcome outcome) => counts.GetValueOrDefault(outcome);
    }
}

/// <summary>What a replay did.</summary>
internal sealed record ReplayResult(int Replayed, int Renewed, int TooOld, int NoQueue, int Of, string? Failure)
{
    internal bool IsWhole => Replayed == Of;

    internal void Write(bool json)
    {
        if (json)
        {
            Output.Json(this);
            return;
        }
        Console.Out.WriteLine($"{Replayed:N0} of {Of:N0} letters are replayed.");
        if (Renewed > 0)
            Console.Out.WriteLine($"{Renewed:N0} of them have a new id.");
        if (TooOld > 0)
            Console.Out.WriteLine($"{TooOld:N0} stay: their ids are older than the {ReplayMessage.WindowDays} days that an inbox remembers; --renew-ids gives them new ones.");
        if (NoQueue > 0)
            Console.Out.WriteLine($"{NoQueue:N0} stay: their consumer's queue is gone; run its service's step declare, or discard them.");
        if (Failure is not null)
            Console.Error.WriteLine($"dead-letters: {Failure} What is not replayed is still a dead letter; run again to go on.");
    }
}

using System.CommandLine;
using System.Globalization;
using PhotoPlatform.Messaging.DeadLetters;
using RabbitMQ.Client.Exceptions;

namespace PhotoPlatform.DeadLetterDesk;

/// <summary><c>discard</c>: takes letters away, into an archive.</summary>
internal static class DiscardCommand
{
    /// <summary>Letters between two writes to the disk.</summary>
    private const int Batch = 200;

    internal static Command Create()
    {
        var command = new Command("discard", """
            Writes dead letters to an archive file and takes them out of their queues. replay --from-archive brings them back.
            The archive holds what the messages held, also personal data: delete it when it is no longer needed.
            """);
        var filter = new FilterOptions(command);
        var archive = new Option<FileInfo?>("--archive") { Description = "the file to add them to (default: dead-letters/DATE.jsonl in the data folder)" };
        var whole = new WholeRunOptions(command);
        command.Add(archive);
        command.SetAction(DeskSession.Run(async (desk, arguments, cancellationToken) =>
        {
            var now = TimeProvider.System.GetUtcNow();
            var wanted = filter.Read(arguments, now);
            await using var selection = await desk.SelectAsync(wanted, withBodies: true, cancellationToken);
            if (!whole.MayBegin(arguments, selection, wanted, "discarded", now))
                return ExitCode.Done;

            var path = arguments.GetValue(archive)?.FullName
                ?? Path.GetFullPath(Path.Combine(arguments.GetRequiredValue(BrokerAddress.Data), "dead-letters", now.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) + ".jsonl"));
            return await DiscardAsync(selection, path, whole.Read(arguments).Json, cancellationToken);
        }));
        return command;
    }

    private static async Task<int> DiscardAsync(Selection selection, string path, bool json, CancellationToken cancellationToken)
    {
        var discarded = 0;
        string? failure = null;
        using var archive = LetterArchive.Append(path);
        try
        {
            await Progress.ShowAsync("discarded", selection.Letters.Count, async advance =>
            {
                foreach (var letters in selection.Letters.Chunk(Batch).TakeWhile(_ => !cancellationToken.IsCancellationRequested))
                {
                    archive.Write(letters, TimeProvider.System.GetUtcNow());
                    foreach (var letter in letters)
                    {
                        await selection.AcknowledgeAsync(letter);
                        discarded++;
                        advance();
                    }
                }
            });
        }
        catch (Exception exception) when (exception is DeskException or OperationInterruptedException or IOException)
        {
            failure = exception.Message;
            await Console.Error.WriteLineAsync($"dead-letters: {failure} What is not discarded is still a dead letter; run again to go on.");
        }
        if (json)
            Output.Json(new { Discarded = discarded, Of = selection.Letters.Count, Archive = path, Failure = failure });
        else
            Console.Out.WriteLine($"{discarded:N0} of {selection.Letters.Count:N0} letters are discarded; they are in {path}.");
        return discarded == selection.Letters.Count ? ExitCode.Done : ExitCode.SomethingStays;
    }
}

using System.CommandLine;
using PhotoPlatform.Messaging.Broker;
using PhotoPlatform.Messaging.DeadLetters;
using RabbitMQ.Client.Exceptions;

namespace PhotoPlatform.DeadLetterDesk;

/// <summary>One command's work at the desk: opens it, and says in a sentence why something cannot be done.</summary>
internal static class DeskSession
{
    internal static Func<ParseResult, CancellationToken, Task<int>> Run(Func<Desk, ParseResult, CancellationToken, Task<int>> work) => async (arguments, cancellationToken) =>
    {
        try
        {
            await using var desk = await Desk.OpenAsync(BrokerAddress.Find(arguments), TimeProvider.System, cancellationToken);
            return await work(desk, arguments, cancellationToken);
        }
        catch (Exception exception) when (exception is DeskException or InvalidDataException or BrokerUnavailableException or NotConfirmedException or TimeoutException or OperationInterruptedException or AlreadyClosedException)
        {
            return Fail(exception.Message);
        }
        catch (OperationCanceledException)
        {
            return Fail(cancellationToken.IsCancellationRequested ? "stopped." : "the broker does not answer in time; nothing is lost, try again.");
        }
    };

    /// <summary>Says which queues hold more than one run looks at.</summary>
    internal static void TellIncomplete(Selection selection)
    {
        foreach (var queue in selection.Incomplete)
            Console.Error.WriteLine($"{Room.MaxLetters:N0} letters or 256 MB are looked at in one run: '{queue}' has more. Filter by queue, or run again when these are gone.");
    }

    private static int Fail(string message)
    {
        Console.Error.WriteLine($"dead-letters: {message}");
        return ExitCode.CouldNotBegin;
    }
}

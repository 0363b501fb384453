using System.Runtime.CompilerServices;
using PhotoPlatform.Messaging.Broker;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace PhotoPlatform.Messaging.DeadLetters;

/// <summary>
/// Publishes letters again, each to the queue of its consumer, and has each taken out of the dead letters only when the broker has confirmed it. Whoever is killed in
/// between leaves both, with one id.
/// </summary>
/// <param name="channel">Where to publish, with confirms.</param>
/// <param name="pace">How fast.</param>
/// <param name="time">Now.</param>
/// <param name="renewIds">Whether letters that are too old for an inbox get a new id.</param>
internal sealed class Replay(IChannel channel, Pace pace, TimeProvider time, bool renewIds)
{
    /// <summary>How many may wait for their confirm at once.</summary>
    private const int InFlight = 64;

    private static readonly TimeSpan ConfirmLimit = TimeSpan.FromSeconds(10);

    private readonly Lock _report = new();

    /// <summary>Publishes the letters.</summary>
    /// <param name="letters">Which.</param>
    /// <param name="takeOut">Called when the broker has one.</param>
    /// <param name="report">Told of every letter, one at a time.</param>
    /// <param name="cancellationToken">Ends the run after those that are on their way.</param>
    /// <exception cref="NotConfirmedException">A confirm did not come. Nobody knows whether that letter has arrived; it is still a dead letter.</exception>
    /// <exception cref="BrokerUnavailableException">The connection broke.</exception>
    internal Task RunAsync(IAsyncEnumerable<DeadLetter> letters, Func<DeadLetter, ValueTask> takeOut, Action<DeadLetter, ReplayOutcome> report, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(PacedAsync(letters, cancellationToken), new ParallelOptions { MaxDegreeOfParallelism = InFlight, CancellationToken = cancellationToken }, async (due, _) =>
        {
            var outcome = due.Message is null ? ReplayOutcome.TooOld : await PublishAsync(due.Letter, due.Message, takeOut);
            lock (_report)
                report(due.Letter, outcome);
        });

    private async IAsyncEnumerable<(DeadLetter Letter, ReplayMessage? Message)> PacedAsync(IAsyncEnumerable<DeadLetter> letters, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var letter in letters.WithCancellation(cancellationToken))
        {
            var message = ReplayMessage.Of(letter, time.GetUtcNow(), renewIds);
            if (message is not null)
                await pace.WaitAsync(cancellationToken);
            yield return (letter, message);
        }
    }

    private async Task<ReplayOutcome> PublishAsync(DeadLetter letter, ReplayMessage message, Func<DeadLetter, ValueTask> takeOut)
    {
        try
        {
            await channel.BasicPublishAsync("", letter.Queue, mandatory: true, message.Properties, message.Body, CancellationToken.None)
                .AsTask().WaitAsync(ConfirmLimit, time, CancellationToken.None);
            await takeOut(letter);
            return message.IsRenewed ? ReplayOutcome.Renewed : ReplayOutcome.Replayed;
        }
        catch (PublishException exception) when (exception.IsReturn)
        {
            return ReplayOutcome.NoQueue;
        }
        catch (PublishException exception)
        {
            throw new NotConfirmedException($"The broker refused a letter of '{letter.Queue}'.", exception);
        }
        catch (TimeoutException exception)
        {
            throw new NotConfirmedException($"No confirm came within {ConfirmLimit.TotalSeconds:0} s.", exception);
        }
        catch (Exception exception) when (exception is OperationInterruptedException or AlreadyClosedException or IOException)
        {
            throw new BrokerUnavailableException($"The connection to RabbitMQ broke: {channel.CloseReason?.ReplyText ?? exception.Message}", exception);
        }
    }
}

/// <summary>What became of a letter.</summary>
internal enum ReplayOutcome
{
    Replayed,
    Renewed,

    /// <summary>It stays: no inbox knows the day of its id any more.</summary>
    TooOld,

    /// <summary>It stays: its consumer's queue does not exist.</summary>
    NoQueue,
}

using System.Diagnostics;
using System.Runtime.Serialization;
using System.Text.Json;
using MassTransit;
using Microsoft.Extensions.Logging;
using PhotoPlatform.Messaging.Broker;
using PhotoPlatform.Messaging.Consuming;

namespace PhotoPlatform.Messaging.Retry;

/// <summary>
/// Takes the place of MassTransit's error and skipped transports: moves a failed message to the next rung of its ladder or to its dead letters,
/// with a confirm, before it is acknowledged. When the move fails the message goes back to its queue.
/// </summary>
internal sealed class MoveFailedFilter(ConsumerEndpoint endpoint, BrokerConnection broker, MessagingMetrics metrics, TimeProvider time, ILogger logger) : IFilter<ExceptionReceiveContext>, IFilter<ReceiveContext>
{
    private static readonly TimeSpan MoveLimit = TimeSpan.FromSeconds(10);

    public async Task Send(ExceptionReceiveContext context, IPipe<ExceptionReceiveContext> next)
    {
        if (context.IsFaulted)
        {
            await MoveAsync(context, context.Exception);
            return;
        }
        // It failed before it reached its consumer.
        var unreadable = context.Exception is SerializationException or JsonException;
        await MoveAsync(context, unreadable ? new PermanentException("unreadable", context.Exception.Message, context.Exception) : context.Exception);
        // Otherwise it would count as skipped, and be moved once more.
        await context.NotifyFaulted(context.Exception);
    }

    public Task Send(ReceiveContext context, IPipe<ReceiveContext> next) =>
        MoveAsync(context, new PermanentException("no-consumer", "No consumer of this queue takes messages of this type."));

    public void Probe(ProbeContext context) => context.CreateFilterScope("moveFailed");

    private async Task MoveAsync(ReceiveContext context, Exception exception)
    {
        var rung = Math.Max(0, context.TransportHeaders.Get<int>(FailureHeaders.Rung) ?? 0);
        var destination = RetryLadder.Next(endpoint.Queue, endpoint.Retry, rung, exception);
        var cause = endpoint.Retry.PermanentIn(exception)?.Cause ?? exception;
        var messageId = context.GetMessageId() ?? Guid.Empty;
        var body = context.Body.GetBytes();
        var now = time.GetUtcNow();
        var headers = Story(context, rung, now);
        headers[FailureHeaders.Rung] = destination.Rung;

        if (destination.DeadReason is { } reason)
        {
            headers[FailureHeaders.Reason] = reason;
            headers[FailureHeaders.Exception] = Shorten($"{cause.GetType().FullName}: {cause.Message}");
            headers[FailureHeaders.StackHash] = StackHash.Of(cause);
            headers[FailureHeaders.Queue] = endpoint.Queue;
            headers[FailureHeaders.LastAt] = now.ToString("O");
            headers[FailureHeaders.TraceId] = Activity.Current?.TraceId.ToHexString();
            if (endpoint.DeadLettered?.Invoke(body, reason, messageId, now) is { } notice)
                await TellAsync(notice);
            logger.LogError(cause, "Message {MessageId} of {Queue} is a dead letter ({Reason}): {Message}", messageId, endpoint.Queue, reason, cause.Message);
        }
        else
        {
            logger.LogWarning("Message {MessageId} of {Queue} failed and is tried again in {Delay}: {Message}", messageId, endpoint.Queue, RetryPolicy.NameOf(endpoint.Retry.Rungs[rung]), cause.Message);
        }

        var trace = context.TransportHeaders.Get<string>(OutgoingMessage.TraceHeader);
        await broker.PublishAsync(new OutgoingMessage(messageId, "", destination.Queue, body, trace), headers, MoveLimit, CancellationToken.None);
        metrics.Failed(endpoint.Queue, destination.DeadReason is null ? "retry" : "dead");
    }

    /// <summary>What the message knows of its failures so far: on a rung it must not be forgotten.</summary>
    private Dictionary<string, object?> Story(ReceiveContext context, int rungsBefore, DateTimeOffset now)
    {
        var triesBefore = context.TransportHeaders.Get<int>(FailureHeaders.Attempts) ?? rungsBefore * endpoint.Retry.ImmediateTries;
        // A message that nobody could read was looked at once.
        var tries = context.TryGetPayload<Tries>(out var counted) ? counted.Count : 1;
        return new Dictionary<string, object?>
        {
            [FailureHeaders.Attempts] = triesBefore + tries,
            [FailureHeaders.FirstAt] = context.TransportHeaders.Get<string>(FailureHeaders.FirstAt) ?? now.ToString("O"),
            // It comes back from a rung through no exchange.
            [FailureHeaders.OriginalExchange] = context.TransportHeaders.Get<string>(FailureHeaders.OriginalExchange) ?? context.GetPayload<RabbitMqBasicConsumeContext>().Exchange,
        };
    }

    private async Task TellAsync(OutgoingMessage notice)
    {
        try
        {
            await broker.PublishAsync(notice, null, MoveLimit, CancellationToken.None);
        }
        catch (UnroutableException exception) when (!exception.ClosedChannel)
        {
            logger.LogError("Nobody is told of a dead letter of {Queue}: {Reason}", endpoint.Queue, exception.Message);
        }
    }

    private static string Shorten(string text) => text.Length <= 1000 ? text : text[..1000];
}

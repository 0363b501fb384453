using PhotoPlatform.Messaging.Broker;
using RabbitMQ.Client;

namespace PhotoPlatform.Messaging.DeadLetters;

/// <summary>
/// The letters that lay in one dead-letter queue at one moment: each stays with the broker until it is acknowledged here, and all others are given back when this ends,
/// however it ends.
/// </summary>
internal sealed class HeldLetters : IAsyncDisposable
{
    private readonly IChannel _channel;

    private HeldLetters(IChannel channel, IReadOnlyList<DeadLetter> letters, bool isComplete) => (_channel, Letters, IsComplete) = (channel, letters, isComplete);

    /// <summary>Those that are wanted, the oldest first.</summary>
    internal IReadOnlyList<DeadLetter> Letters { get; }

    /// <summary>Whether every letter of the queue was looked at, and all wanted ones are here.</summary>
    internal bool IsComplete { get; }

    /// <summary>Takes the letters of a queue.</summary>
    /// <param name="broker">Where they are.</param>
    /// <param name="queue">The consumer's queue.</param>
    /// <param name="room">How much may be held; what these letters need is taken off.</param>
    /// <param name="isWanted">Which letters to keep; the others are only looked at.</param>
    /// <param name="withBodies">Whether their bodies are needed.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="RabbitMQ.Client.Exceptions.OperationInterruptedException">There is no such queue, or the connection broke.</exception>
    internal static async Task<HeldLetters> TakeAsync(BrokerConnection broker, string queue, Room room, Predicate<DeadLetter> isWanted, bool withBodies, CancellationToken cancellationToken)
    {
        var channel = await broker.OpenChannelAsync(cancellationToken);
        try
        {
            var dead = MessageNames.DeadLetterQueueOf(queue);
            var collector = new Collector(channel, queue, room, isWanted, withBodies);
            // Without a number a quorum queue would give out 2,000 at a time.
            await channel.BasicQosAsync(0, Room.MaxLetters, global: false, cancellationToken);
            var consumer = await channel.BasicConsumeAsync(dead, autoAck: false, collector, cancellationToken);
            // The queue has given the consumer all that it may hold before it answers this: one that is left was one too many. Its number of messages would be a guess,
            // because a busy broker says 0. The end of the consumer comes after everything that it was given.
            var left = await channel.BasicGetAsync(dead, autoAck: false, cancellationToken);
            await channel.BasicCancelAsync(consumer, noWait: false, cancellationToken);
            await collector.Ended.WaitAsync(cancellationToken);
            return new HeldLetters(channel, collector.Letters, left is null && !collector.WasFull);
        }
        catch
        {
            await channel.DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes a letter out of its queue. A connection that breaks before the broker heard of it brings the letter back.</summary>
    internal ValueTask AcknowledgeAsync(DeadLetter letter) => _channel.BasicAckAsync(letter.Tag, multiple: false);

    public async ValueTask DisposeAsync()
    {
        // Said, not only left behind: newer brokers count what a vanished consumer had as failed.
        if (_channel.IsOpen)
            await _channel.BasicNackAsync(0, multiple: true, requeue: true);
        if (_channel.IsOpen)
            await _channel.CloseAsync();
        await _channel.DisposeAsync();
    }

    private sealed class Collector(IChannel channel, string queue, Room room, Predicate<DeadLetter> isWanted, bool withBodies) : AsyncDefaultBasicConsumer(channel)
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal List<DeadLetter> Letters { get; } = [];

        internal bool WasFull { get; private set; }

        internal Task Ended => _ended.Task;

        public override Task HandleBasicDeliverAsync(string consumerTag, ulong deliveryTag, bool redelivered, string exchange, string routingKey,
            IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken cancellationToken = default)
        {
            var letter = DeadLetter.Read(queue, deliveryTag, properties, body.Length);
            if (!isWanted(letter))
                return Task.CompletedTask;
            // Once one did not fit, a smaller later one must not overtake it.
            if (WasFull || !room.Take(withBodies ? body.Length : 0))
                WasFull = true;
            else
                Letters.Add(withBodies ? letter with { Body = body.ToArray() } : letter);
            return Task.CompletedTask;
        }

        public override Task HandleBasicCancelOkAsync(string consumerTag, CancellationToken cancellationToken = default)
        {
            _ended.TrySetResult();
            return Task.CompletedTask;
        }

        public override Task HandleChannelShutdownAsync(object channel, RabbitMQ.Client.Events.ShutdownEventArgs reason)
        {
            _ended.TrySetException(new BrokerUnavailableException($"The connection to RabbitMQ broke: {reason.ReplyText}", reason.Exception ?? new EndOfStreamException()));
            return Task.CompletedTask;
        }
    }
}

/// <summary>How much one run may hold, so that its memory is bounded.</summary>
internal sealed class Room(int letters, long bytes)
{
    /// <summary>At most so many letters at once, of one queue and of all that were asked for.</summary>
    internal const ushort MaxLetters = 50_000;

    private const long MaxBytes = 256L * 1024 * 1024;

    internal Room() : this(MaxLetters, MaxBytes)
    {
    }

    internal bool Take(int size)
    {
        if (letters == 0 || bytes < size)
            return false;
        letters--;
        bytes -= size;
        return true;
    }
}

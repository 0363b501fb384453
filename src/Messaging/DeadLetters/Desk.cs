using Microsoft.Extensions.Logging.Abstractions;
using PhotoPlatform.Messaging.Broker;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace PhotoPlatform.Messaging.DeadLetters;

/// <summary>All dead letters of a broker, over plain AMQP. One desk works on a broker at a time, because the letters that one looks at are out of another's sight.</summary>
internal sealed class Desk : IAsyncDisposable
{
    private const string Lock = "dead-letters.desk";
    private static readonly TimeSpan LockLimit = TimeSpan.FromSeconds(5);

    /// <summary>The answer that ends a reading comes after all letters that were read.</summary>
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(60);

    private readonly BrokerLock _held;

    private Desk(BrokerConnection broker, BrokerLock held, IReadOnlyCollection<string> queues) => (Broker, _held, Queues) = (broker, held, queues);

    internal BrokerConnection Broker { get; }

    /// <summary>The consumer queues of the broker.</summary>
    internal IReadOnlyCollection<string> Queues { get; }

    /// <exception cref="DeskException">Another desk is at work, or no service ever declared its queues.</exception>
    /// <exception cref="BrokerUnavailableException">The broker is away.</exception>
    internal static async Task<Desk> OpenAsync(Uri bus, TimeProvider time, CancellationToken cancellationToken)
    {
        var broker = new BrokerConnection(bus, "dead-letter desk", NullLogger<BrokerConnection>.Instance, AnswerLimit);
        try
        {
            var held = await LockAsync(broker, time, cancellationToken);
            var queues = await DeadLetterCatalogue.AddAsync(broker, [], time, cancellationToken);
            if (queues.Count == 0)
                throw new DeskException($"No service has declared its queues on {bus.Host}:{bus.Port}{bus.AbsolutePath}: is it the platform's broker, and did its step declare run?");
            return new Desk(broker, held, queues);
        }
        catch
        {
            // The connection's end gives the lock back.
            await broker.DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes the letters that a filter means, out of everybody else's sight until the selection ends.</summary>
    /// <exception cref="DeskException">The filter names a queue that does not exist.</exception>
    internal async Task<Selection> SelectAsync(LetterFilter filter, bool withBodies, CancellationToken cancellationToken)
    {
        if (filter.Queues.Except(Queues).FirstOrDefault() is { } unknown)
            throw new DeskException($"There is no consumer queue '{unknown}'; there are {string.Join(", ", Queues)}.");

        var (room, left) = (new Room(), filter.Limit);
        var selection = new Selection();
        try
        {
            foreach (var queue in Queues.Where(filter.TakesQueue))
            {
                if (await TakeAsync(queue) is { } held)
                    selection.Add(queue, held);
            }
            return selection;
        }
        catch
        {
            await selection.DisposeAsync();
            throw;
        }

        async Task<HeldLetters?> TakeAsync(string queue)
        {
            try
            {
                return await HeldLetters.TakeAsync(Broker, queue, room, letter => left > 0 && filter.Takes(letter) && left-- > 0, withBodies, cancellationToken);
            }
            catch (OperationInterruptedException exception) when (exception.ShutdownReason?.ReplyCode == Constants.NotFound)
            {
                // Somebody deleted the queues of a consumer that is no more.
                return null;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _held.DisposeAsync();
        await Broker.DisposeAsync();
    }

    private static async Task<BrokerLock> LockAsync(BrokerConnection broker, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            return await BrokerLock.TakeAsync(broker, Lock, LockLimit, time, cancellationToken);
        }
        catch (TimeoutException exception)
        {
            throw new DeskException("Another dead-letter desk works on this broker: wait until it has ended.", exception);
        }
    }
}

/// <summary>The letters of some queues, held until this ends.</summary>
internal sealed class Selection : IAsyncDisposable
{
    private readonly Dictionary<string, HeldLetters> _held = [];
    private readonly List<DeadLetter> _letters = [];

    internal IReadOnlyList<DeadLetter> Letters => _letters;

    /// <summary>Queues that hold more letters than one run looks at.</summary>
    internal IEnumerable<string> Incomplete => _held.Where(held => !held.Value.IsComplete).Select(held => held.Key);

    internal void Add(string queue, HeldLetters held)
    {
        _held.Add(queue, held);
        _letters.AddRange(held.Letters);
    }

    internal ValueTask AcknowledgeAsync(DeadLetter letter) => _held[letter.Queue].AcknowledgeAsync(letter);

    public async ValueTask DisposeAsync()
    {
        foreach (var held in _held.Values)
            await held.DisposeAsync();
    }
}

/// <summary>The desk cannot do what is asked; the message says why and what to do.</summary>
internal sealed class DeskException(string message, Exception? inner = null) : Exception(message, inner);

using MassTransit;
using Microsoft.Extensions.DependencyInjection;

namespace PhotoPlatform.Testing.Idempotency;

/// <summary>Begins trials.</summary>
public static class Trials
{
    /// <summary>For a service that runs.</summary>
    /// <param name="service">What cases arrange their state with.</param>
    /// <param name="running">It.</param>
    /// <param name="environment">Where it runs.</param>
    /// <param name="database">The name of its database, if it has one.</param>
    /// <param name="bus">The tests' way to the broker.</param>
    /// <param name="broker">The service's way to the broker.</param>
    /// <param name="hold">Stops its consumers before their effect.</param>
    /// <param name="elsewhere">Lines of what it did to servers of its own, if any.</param>
    public static async Task<Trials<TService>> StartAsync<TService>(
        TService service, RunningService running, TestEnvironment environment, string? database, TestBus bus, TcpRelay broker, IEffectHold hold, Func<IEnumerable<string>>? elsewhere = null)
    {
        var (recorder, deliveries) = (await BusRecorder.StartAsync(environment), new DeliveryObserver());
        running.Services.GetRequiredService<IBus>().ConnectReceiveObserver(deliveries);
        return new Trials<TService>(service, bus, broker, hold, recorder, new ServiceState(environment, database, recorder, elsewhere), deliveries);
    }
}

/// <summary>Tries cases on a running service: each way to deliver a message more than once must leave what one delivery leaves.</summary>
public sealed class Trials<TService> : IAsyncDisposable
{
    private readonly TService _service;
    private readonly TestBus _bus;
    private readonly TcpRelay _broker;
    private readonly IEffectHold _hold;
    private readonly BusRecorder _recorder;
    private readonly ServiceState _state;
    private readonly DeliveryObserver _deliveries;

    internal Trials(TService service, TestBus bus, TcpRelay broker, IEffectHold hold, BusRecorder recorder, ServiceState state, DeliveryObserver deliveries) =>
        (_service, _bus, _broker, _hold, _recorder, _state, _deliveries) = (service, bus, broker, hold, recorder, state, deliveries);

    /// <summary>Delivers a message, and once it is dealt with the same again.</summary>
    public async Task<Comparison> TwiceAsync(ConsumerCase<TService> one)
    {
        var trial = await ArrangeAsync(one);
        var before = await _state.ReadAsync(trial.Names, except: trial.Id);
        var once = await OnceAsync(trial);
        if (once.SequenceEqual(before))
            throw new InvalidOperationException($"The case '{one}' shows nothing: its message changes nothing that mentions {string.Join(", ", trial.Names)}.");
        return new Comparison(once, await OnceAsync(trial));
    }

    /// <summary>Delivers a message twice, the second time while the first is about to be committed.</summary>
    public async Task<Comparison> AtOnceAsync(ConsumerCase<TService> one)
    {
        var expected = await ExpectedAsync(one);
        var trial = await ArrangeAsync(one);
        await _hold.HoldAsync();
        await SendAsync(trial);
        await SendAsync(trial);
        await _hold.WaitingAsync(2);
        await _hold.ReleaseAsync();
        await _deliveries.AcknowledgedAsync(trial.Id, again: false);
        await _deliveries.AcknowledgedAsync(trial.Id, again: false);
        return new Comparison(expected, await NormalisedAsync(trial));
    }

    /// <summary>Delivers the messages of all cases and loses the connection to the broker when each has had its effect and none is acknowledged: all come again.</summary>
    public Task<Comparison> CrashAfterEffectAsync(IReadOnlyList<ConsumerCase<TService>> cases) => CrashAsync(cases, async trials =>
    {
        _deliveries.StopAfterEffect([.. trials.Select(trial => trial.Id)]);
        await Task.WhenAll(trials.Select(SendAsync));
        await _deliveries.StoppedAsync();
        await _broker.CutAsync();
        _deliveries.GoOn();
    });

    /// <summary>Delivers the messages of all cases and loses both connections, to the broker and to the database, when each is about to have its effect: all come again.</summary>
    public Task<Comparison> CrashBeforeEffectAsync(IReadOnlyList<ConsumerCase<TService>> cases) => CrashAsync(cases, async trials =>
    {
        await _hold.HoldAsync();
        await Task.WhenAll(trials.Select(SendAsync));
        await _hold.WaitingAsync(trials.Count);
        await _broker.CutAsync();
        await _hold.KillAsync();
        await _hold.ReleaseAsync();
    });

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _hold.DisposeAsync();
        await _recorder.DisposeAsync();
    }

    private async Task<Comparison> CrashAsync(IReadOnlyList<ConsumerCase<TService>> cases, Func<IReadOnlyList<Trial>, Task> crashAsync)
    {
        var expected = new List<string>();
        var trials = new List<Trial>();
        foreach (var one in cases)
        {
            expected.AddRange((await ExpectedAsync(one)).Select(line => $"{one}: {line}"));
            trials.Add(await ArrangeAsync(one));
        }
        await crashAsync(trials);
        _broker.Restore();
        var actual = new List<string>();
        foreach (var trial in trials)
        {
            await _deliveries.AcknowledgedAsync(trial.Id, again: true);
            actual.AddRange((await NormalisedAsync(trial)).Select(line => $"{trial.Case}: {line}"));
        }
        return new Comparison(expected, actual);
    }

    private async Task<Trial> ArrangeAsync(ConsumerCase<TService> one) => new(one, await one.ArrangeAsync(_service), Guid.CreateVersion7());

    private async Task<List<string>> ExpectedAsync(ConsumerCase<TService> one)
    {
        var trial = await ArrangeAsync(one);
        return ServiceState.Normalise(await OnceAsync(trial), trial.Names);
    }

    private async Task<List<string>> OnceAsync(Trial trial)
    {
        await SendAsync(trial);
        await _deliveries.AcknowledgedAsync(trial.Id, again: false);
        return await ReadAsync(trial);
    }

    private async Task<List<string>> NormalisedAsync(Trial trial) => ServiceState.Normalise(await ReadAsync(trial), trial.Names);

    private async Task<List<string>> ReadAsync(Trial trial)
    {
        await trial.Occasion.SettledAsync();
        return await _state.ReadAsync(trial.Names, except: trial.Id);
    }

    private Task SendAsync(Trial trial) =>
        trial.Occasion.Queue is { } queue ? _bus.SendAsync(queue, trial.Occasion.Message, trial.Id) : _bus.PublishAsync(trial.Occasion.Message, trial.Id);

    private sealed record Trial(ConsumerCase<TService> Case, Occasion Occasion, Guid Id)
    {
        /// <summary>The message's id is one of them: what is made from it is of this occasion.</summary>
        internal IReadOnlyList<string> Names { get; } = [.. Occasion.Names.Select(name => name.ToString()!), Id.ToString()];
    }
}

/// <summary>Two states.</summary>
/// <param name="Once">What one delivery leaves.</param>
/// <param name="Again">What is left when the message came more than once.</param>
public sealed record Comparison(IReadOnlyList<string> Once, IReadOnlyList<string> Again);

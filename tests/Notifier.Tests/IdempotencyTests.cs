using PhotoPlatform.Testing;
using PhotoPlatform.Testing.Idempotency;

namespace PhotoPlatform.Notifier.Tests;

public sealed class IdempotencyTests(NotifierOnTrial notifier) : IClassFixture<NotifierOnTrial>
{
    public static TheoryData<string> Cases => [.. ConsumerCases.All.Select(one => one.ToString())];

    [Fact]
    public void Every_consumer_has_a_case() => Assert.Empty(Consumers.Without(ConsumerCases.All, typeof(NotifierWorker).Assembly));

    [Theory, MemberData(nameof(Cases))]
    public async Task A_message_that_comes_again_changes_nothing(string name) => AssertSame(await notifier.Trials.TwiceAsync(Case(name)));

    [Theory, MemberData(nameof(Cases))]
    public async Task A_message_that_comes_twice_at_once_has_one_effect(string name) => AssertSame(await notifier.Trials.AtOnceAsync(Case(name)));

    [Fact]
    public async Task Messages_that_come_again_after_a_crash_before_their_acknowledgement_have_one_effect() => AssertSame(await notifier.Trials.CrashAfterEffectAsync(ConsumerCases.All));

    [Fact]
    public async Task Messages_that_come_again_after_a_crash_before_their_commit_have_one_effect() => AssertSame(await notifier.Trials.CrashBeforeEffectAsync(ConsumerCases.All));

    private static ConsumerCase<RunningNotifier> Case(string name) => ConsumerCases.All.Single(one => one.ToString() == name);

    private static void AssertSame(Comparison states) => Assert.Equal(states.Once, states.Again);
}

/// <summary>Notifier whose connections can be lost.</summary>
public sealed class NotifierOnTrial : RunningNotifier
{
    private TcpRelay? _broker;
    private Trials<RunningNotifier>? _trials;

    public Trials<RunningNotifier> Trials => _trials!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _trials = await Testing.Idempotency.Trials.StartAsync<RunningNotifier>(this, Service, Environment, "notifier", Bus, _broker!, await CommitHold.CreateAsync(Environment.Database("notifier")),
            () => Mail.Taken.CountBy(recipient => recipient).Select(mails => $"mails to {mails.Key}: {mails.Value}"));
    }

    public override async ValueTask DisposeAsync()
    {
        if (_trials is not null)
            await _trials.DisposeAsync();
        await base.DisposeAsync();
        if (_broker is not null)
            await _broker.DisposeAsync();
    }

    protected override Dictionary<string, string?> Settings => (_broker ??= TcpRelay.ToBroker(Environment)).BrokerSettings(Environment);
}
